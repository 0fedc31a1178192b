/** Payments, refunds and saved methods: the calls under /api/payments and /api/refunds. */

import { exactRupees } from "../lib/money.js";
import { segment } from "./apiCall.js";
import { unwrap, unwrapPage } from "./envelope.js";

/** @typedef {import("./apiClient.js").ApiClient} ApiClient */
/** @typedef {import("./apiClient.js").MoneyOptions} MoneyOptions */
/** @typedef {import("./envelope.js").Paging} Paging */
/** @typedef {import("./paymentTypes.js").Payment} Payment */
/** @typedef {import("./paymentTypes.js").Refund} Refund */
/** @typedef {import("./paymentTypes.js").SavedMethod} SavedMethod */

/**
 * Leaves out an amount that is not given, and refuses one that is no amount: null must not come to mean "all of it".
 * @param {number | undefined} rupees
 */
const exactIfGiven = (rupees) => (rupees === undefined ? undefined : exactRupees(rupees));

/** @param {string} paymentId */
const paymentPath = (paymentId) => `/api/payments/${segment(paymentId)}`;

/** @param {string} methodId */
const savedPath = (methodId) => `/api/payments/saved-methods/${segment(methodId)}`;

/** @param {ApiClient} client */
export function createPaymentService(client) {
  return {
    /**
     * What this installation can be paid with; with an amount, also the charge in another currency and the EMI plans.
     * @param {{amount?: number, currency?: string}} [wanted] `amount` in rupees
     * @returns {Promise<import("./paymentTypes.js").Methods>}
     */
    getMethods: async ({ amount, currency } = {}) =>
      unwrap(client.get("/api/payments/methods", { amount: exactIfGiven(amount), currency })),

    /**
     * Opens a payment of an order, or hands back the open one of the same kind.
     * @param {import("./paymentTypes.js").NewPayment} payment
     * @param {MoneyOptions} [options]
     * @returns {Promise<import("./paymentTypes.js").InitiatedPayment>}
     */
    initiatePayment: async ({ amount, ...payment }, options) =>
      unwrap(client.postMoney("/api/payments/initiate", { ...payment, amount: exactRupees(amount) }, options)),

    /**
     * Proves a payment with what the gateway handed to the page. Without a proof, as after PayPal's page, the gateway is asked,
     * and money that the customer has approved is taken. Safe to repeat.
     * @param {string} paymentId
     * @param {import("./paymentTypes.js").CheckoutProof} [proof]
     * @param {MoneyOptions} [options]
     * @returns {Promise<Payment>}
     */
    verifyPayment: async (paymentId, proof, options) => unwrap(client.postMoney(`${paymentPath(paymentId)}/verify`, proof, options)),

    /**
     * Lets the server ask the gateway what happened; for a page that waits, not oftener than every few seconds.
     * @param {string} paymentId
     * @returns {Promise<Payment>}
     */
    askPayment: async (paymentId) => unwrap(client.get(`${paymentPath(paymentId)}/verify`)),

    /**
     * The payment as the server knows it; asks no gateway.
     * @param {string} paymentId
     * @returns {Promise<Payment>}
     */
    getPayment: async (paymentId) => unwrap(client.get(paymentPath(paymentId))),

    /**
     * Own payments; for an admin, everybody's.
     * @param {{status?: import("./paymentTypes.js").PaymentStatus} & Paging} [filters]
     * @returns {Promise<import("./envelope.js").Page<Payment>>}
     */
    listPayments: async (filters) => unwrapPage(client.get("/api/payments/history", filters)),

    /**
     * Gives up a payment that is not paid. Money that comes all the same is not lost: it pays the order.
     * @param {string} paymentId
     * @param {MoneyOptions} [options]
     * @returns {Promise<Payment>}
     */
    cancelPayment: async (paymentId, options) => unwrap(client.postMoney(`${paymentPath(paymentId)}/cancel`, undefined, options)),

    /**
     * Admin only.
     * @param {string} paymentId
     * @param {import("./paymentTypes.js").NewRefund} refund
     * @param {MoneyOptions} [options]
     * @returns {Promise<Refund>}
     */
    async refundPayment(paymentId, { amount, refundable_amount, ...refund }, options) {
      const amounts = { amount: exactIfGiven(amount), refundable_amount: exactIfGiven(refundable_amount) };
      return unwrap(client.postMoney(`${paymentPath(paymentId)}/refund`, { ...refund, ...amounts }, options));
    },

    /**
     * @param {string} paymentId
     * @returns {Promise<Refund[]>}
     */
    listRefunds: async (paymentId) => unwrap(client.get(`${paymentPath(paymentId)}/refunds`)),

    /**
     * @param {string} refundId
     * @returns {Promise<Refund>}
     */
    getRefund: async (refundId) => unwrap(client.get(`/api/refunds/${segment(refundId)}`)),

    /**
     * The saved ways to pay of whoever is signed in, the default one first.
     * @returns {Promise<SavedMethod[]>}
     */
    getSavedMethods: async () => unwrap(client.get("/api/payments/saved-methods")),

    /**
     * @param {import("./paymentTypes.js").NewSavedMethod} method
     * @param {MoneyOptions} [options]
     * @returns {Promise<SavedMethod>}
     */
    saveMethod: async (method, options) => unwrap(client.postMoney("/api/payments/save-method", method, options)),

    /**
     * Forgets a saved way to pay, here and at the gateway.
     * @param {string} methodId
     * @returns {Promise<{id: string, deleted: boolean}>}
     */
    deleteSavedMethod: async (methodId) => unwrap(client.delete(savedPath(methodId))),

    /**
     * @param {string} methodId
     * @returns {Promise<SavedMethod>}
     */
    setDefaultMethod: async (methodId) => unwrap(client.post(`${savedPath(methodId)}/default`)),

    /**
     * Apple's merchant session, for `completeMerchantValidation` as it is; it works once and for five minutes.
     * @returns {Promise<Record<string, unknown>>}
     */
    getApplePaySession: async () => unwrap(client.post("/api/payments/apple-pay/session")),
  };
}
