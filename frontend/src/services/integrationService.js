/** Wallets and gateways together: the calls under /api/integration. */

import { exactRupees } from "../lib/money.js";
import { segment } from "./apiCall.js";

/** @typedef {import("./apiClient.js").ApiClient} ApiClient */
/** @typedef {import("./apiClient.js").MoneyOptions} MoneyOptions */
/** @typedef {import("./paymentTypes.js").Charge} Charge */
/** @typedef {import("./paymentTypes.js").Gateway} Gateway */
/** @typedef {import("./paymentTypes.js").PaymentStatus} PaymentStatus */
/** @typedef {"razorpay" | "paypal" | "upi" | "card" | "netbanking" | "google_pay" | "apple_pay"} GatewayMethod how the gateway's part is paid; a gateway's name means what is usual there */

/**
 * @typedef {object} Opened a gateway payment that the customer can pay now
 * @property {string} payment_order_id
 * @property {string} gateway_order_id
 * @property {string} currency
 * @property {Gateway} gateway
 * @property {Charge} charge what the gateway charges
 * @property {string} redirect_url where the customer can pay without a page of yours
 * @property {string} key_id the gateway's key that a browser may see
 * @property {Record<string, any>} checkout for the gateway's script, in its own words and units
 * @property {string} expires_at ISO-8601, UTC
 */

/** @typedef {Opened & {amount: number}} OpenedTopup */
/** @typedef {Opened & {hold_id: string, wallet_amount: number, gateway_amount: number}} OpenedSplit */
/** @typedef {{wallet_balance: number, transaction_id: string, amount: number}} PaidTopup the balance is the one that the top-up has led to */
/** @typedef {{payment_order_id: string, status: PaymentStatus, amount: number, currency: string, transaction_id: string | null}} Topup the transaction is there once it is paid */
/** @typedef {{transaction_id: string, amount_paid: number, remaining_balance: number}} WalletPayment */
/** @typedef {{transaction_id: string, refund_amount: number, new_balance: number}} WalletRefund */

/**
 * @typedef {object} Statistics
 * @property {number} total_topups
 * @property {number} total_spent all that ever left the wallet
 * @property {number} total_refunded
 * @property {number} topup_count
 * @property {number} payment_count
 * @property {number} refund_count
 */

/**
 * @typedef {object} IntegrationStatus
 * @property {import("./walletService.js").Balance} wallet
 * @property {Statistics} statistics
 * @property {import("./walletService.js").Transaction[]} recent_transactions the newest ten
 */

/** @typedef {"topup" | "order_payment" | "split_payment" | "late_credit" | "refund"} LogKind */
/** @typedef {"SUCCESS" | "FAILED" | "REFUNDED"} LogStatus */

/**
 * @typedef {object} LogLine
 * @property {string} id
 * @property {LogKind} kind
 * @property {LogStatus} status
 * @property {string} customer_id
 * @property {string | null} payment_id
 * @property {string | null} gateway_payment_id
 * @property {string | null} order_id
 * @property {string | null} transaction_id
 * @property {number} amount
 * @property {string} currency
 * @property {Gateway | "wallet" | null} gateway
 * @property {string | null} error the code of what went wrong
 * @property {string} created_at ISO-8601, UTC
 */

/** @typedef {{customer_id?: string, payment_id?: string, order_id?: string, status?: LogStatus}} LogFilters `payment_id` is ours or the gateway's */
/** @typedef {{success: boolean, status: "ok" | "degraded", features: Record<string, boolean>, database: "ok" | "away", version: string}} Health */

const PATH = "/api/integration";

/** @param {ApiClient} client */
export function createIntegrationService(client) {
  return {
    /**
     * Opens a gateway payment that fills a wallet.
     * @param {string} customerId
     * @param {number} amount in rupees
     * @param {GatewayMethod} paymentMethod
     * @param {MoneyOptions & {recurring?: boolean}} [options] `recurring` also registers the card for auto-recharge
     * @returns {Promise<OpenedTopup>}
     */
    initiateWalletTopup: async (customerId, amount, paymentMethod, { recurring, ...options } = {}) => {
      const body = { customer_id: customerId, amount: exactRupees(amount), payment_method: paymentMethod, recurring };
      return client.postMoney(`${PATH}/wallet/topup/initiate`, body, options);
    },

    /**
     * Proves a top-up by the gateway's ids and signature; PayPal gives its order's id alone. Safe to repeat.
     * @param {string | undefined} paymentId the gateway's
     * @param {string} orderId the gateway's
     * @param {string} [signature]
     * @param {MoneyOptions} [options]
     * @returns {Promise<PaidTopup>}
     */
    verifyWalletTopup: async (paymentId, orderId, signature, options) =>
      client.postMoney(`${PATH}/wallet/topup/verify`, { payment_id: paymentId, order_id: orderId, signature }, options),

    /**
     * Where a top-up stands. Asks the gateway while it is not paid: for a page that waits, not oftener than every few seconds.
     * @param {string} paymentOrderId ours
     * @returns {Promise<Topup>}
     */
    getWalletTopup: async (paymentOrderId) => client.get(`${PATH}/wallet/topup/${segment(paymentOrderId)}`),

    /**
     * Pays an order out of the wallet. Safe to repeat.
     * @param {string} orderId
     * @param {string} customerId
     * @param {number} amount what is due of the order, in rupees
     * @param {MoneyOptions} [options]
     * @returns {Promise<WalletPayment>}
     */
    payOrderWithWallet: async (orderId, customerId, amount, options) => {
      const body = { order_id: orderId, customer_id: customerId, amount: exactRupees(amount) };
      return client.postMoney(`${PATH}/order/pay-with-wallet`, body, options);
    },

    /**
     * Sets a part aside in the wallet and opens a gateway payment of the rest. Proved, asked about and cancelled as any other
     * payment: `payment_order_id` is the `paymentId` of the payment service.
     * @param {string} orderId
     * @param {string} customerId
     * @param {number} walletAmount the wallet's part in rupees, less than what is due
     * @param {GatewayMethod} paymentMethod
     * @param {MoneyOptions} [options]
     * @returns {Promise<OpenedSplit>}
     */
    payOrderSplit: async (orderId, customerId, walletAmount, paymentMethod, options) => {
      const wanted = { order_id: orderId, customer_id: customerId, wallet_amount: exactRupees(walletAmount) };
      return client.postMoney(`${PATH}/order/pay-split`, { ...wanted, payment_method: paymentMethod }, options);
    },

    /**
     * Gives money of an order back into the wallet, whatever has paid it. Admin only.
     * @param {string} orderId
     * @param {string} customerId
     * @param {number} amount in rupees
     * @param {string} reason
     * @param {MoneyOptions} [options]
     * @returns {Promise<WalletRefund>}
     */
    refundOrderToWallet: async (orderId, customerId, amount, reason, options) => {
      const body = { order_id: orderId, customer_id: customerId, amount: exactRupees(amount), reason };
      return client.postMoney(`${PATH}/order/refund-to-wallet`, body, options);
    },

    /**
     * A wallet, what went through it, and its newest transactions.
     * @param {string} customerId
     * @returns {Promise<IntegrationStatus>}
     */
    getIntegrationStatus: async (customerId) => client.get(`${PATH}/status/${segment(customerId)}`),

    /**
     * The audit trail, newest first. Admin only.
     * @param {LogFilters & import("./envelope.js").Paging} [filters]
     * @returns {Promise<import("./envelope.js").Page<LogLine>>}
     */
    getIntegrationLogs: async (filters) => {
      const { logs, total } = await client.get(`${PATH}/logs`, filters);
      return { items: logs, total };
    },

    /**
     * What works there; nobody needs to be signed in for this. A database that is away is an ApiError with the status 503.
     * @returns {Promise<Health>}
     */
    healthCheck: async () => client.get(`${PATH}/health`),
  };
}
