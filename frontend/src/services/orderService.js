/** Products and orders: the calls under /api/products and /api/orders. */

import { exactRupees } from "../lib/money.js";
import { segment } from "./apiCall.js";
import { unwrap, unwrapPage } from "./envelope.js";

/** @typedef {import("./apiClient.js").ApiClient} ApiClient */
/** @typedef {import("./apiClient.js").MoneyOptions} MoneyOptions */
/** @typedef {import("./envelope.js").Paging} Paging */
/** @typedef {{sku: string, name: string, price: number, currency: string}} Product */
/** @typedef {"PENDING" | "CONFIRMED" | "DELIVERED" | "CANCELLED" | "REFUNDED"} OrderStatus */
/** @typedef {"PENDING" | "PARTIALLY_PAID" | "PAID" | "FAILED" | "PARTIALLY_REFUNDED" | "REFUNDED"} OrderPaymentStatus */
/** @typedef {{sku: string | null, name: string, price: number, qty: number}} OrderItem */

/**
 * @typedef {object} Order
 * @property {string} id
 * @property {string} customer_id
 * @property {OrderItem[]} items
 * @property {number} amount
 * @property {string} currency
 * @property {OrderStatus} status
 * @property {OrderPaymentStatus} payment_status
 * @property {string | null} payment_method
 * @property {string | null} payment_transaction_id the gateway's id of the payment
 * @property {number} amount_paid
 * @property {number} amount_due what a payment of this order must be
 * @property {number} refund_amount
 * @property {boolean} disputed
 * @property {string | null} paid_at ISO-8601, UTC
 * @property {string | null} refunded_at
 * @property {string} created_at
 */

/** @typedef {{sku: string, qty: number}} ProductLine the shop knows the price */
/** @typedef {{name: string, price: number, qty: number}} PricedLine `price` of one piece in rupees; admin only */
/** @typedef {{customer_id?: string, items: ProductLine[] | PricedLine[]}} NewOrder only an admin orders for another customer */
/** @typedef {{customer_id?: string, status?: OrderStatus, payment_status?: OrderPaymentStatus}} OrderFilters */

/** @param {ProductLine | PricedLine} line */
const exactLine = (line) => ("price" in line ? { ...line, price: exactRupees(line.price) } : line);

/** @param {string} orderId */
const orderPath = (orderId) => `/api/orders/${segment(orderId)}`;

/** @param {ApiClient} client */
export function createOrderService(client) {
  return {
    /**
     * What the shop sells; nobody needs to be signed in for this.
     * @returns {Promise<Product[]>}
     */
    listProducts: async () => unwrap(client.get("/api/products")),

    /**
     * @param {NewOrder} order
     * @param {MoneyOptions} [options]
     * @returns {Promise<Order>}
     */
    placeOrder: async ({ items, ...order }, options) =>
      unwrap(client.postMoney("/api/orders", { ...order, items: items.map(exactLine) }, options)),

    /**
     * @param {string} orderId
     * @returns {Promise<Order>}
     */
    getOrder: async (orderId) => unwrap(client.get(orderPath(orderId))),

    /**
     * Own orders; for an admin, everybody's.
     * @param {OrderFilters & Paging} [filters]
     * @returns {Promise<import("./envelope.js").Page<Order>>}
     */
    listOrders: async (filters) => unwrapPage(client.get("/api/orders", filters)),

    /**
     * Cancels an unpaid order together with the payment that is open for it.
     * @param {string} orderId
     * @param {MoneyOptions} [options]
     * @returns {Promise<Order>}
     */
    cancelOrder: async (orderId, options) => unwrap(client.postMoney(`${orderPath(orderId)}/cancel`, undefined, options)),
  };
}
