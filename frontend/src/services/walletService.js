/** Wallets and their transactions: the calls under /api/wallet and /api/transactions. */

import { exactRupees } from "../lib/money.js";
import { segment } from "./apiCall.js";

/** @typedef {import("./apiClient.js").ApiClient} ApiClient */
/** @typedef {import("./apiClient.js").MoneyOptions} MoneyOptions */
/** @typedef {{customer_id: string, balance: number, held: number, available: number, currency: string, low_balance: boolean}} Balance */
/** @typedef {Balance & {statistics: Record<string, number>}} Wallet */
/** @typedef {{limit?: number, skip?: number}} Paging */
/** @typedef {"credit" | "debit" | "refund"} TransactionType */

/**
 * @typedef {object} Transaction
 * @property {string} id
 * @property {string} customer_id
 * @property {number} seq
 * @property {TransactionType} type
 * @property {number} amount
 * @property {number} balance_before
 * @property {number} balance_after
 * @property {string} reason
 * @property {string} source
 * @property {string} [order_id]
 * @property {string} [call_id]
 * @property {{payment_id?: string, gateway?: string, webhook_timestamp?: string}} metadata
 * @property {string} created_at ISO-8601, UTC
 */

/** @typedef {{transaction_type?: TransactionType, from?: string, to?: string, user_id?: string}} TransactionFilters times are ISO-8601 */
/** @typedef {{transactions: Transaction[], total: number}} TransactionPage */
/** @typedef {{total_credits: number, total_debits: number, credit_count: number, debit_count: number}} TransactionSummary */
/** @typedef {{amount: number, reason: string, source?: "admin" | "promo" | "referral"}} Adjustment `amount` in rupees */
/** @typedef {{transaction_id: string, new_balance: number}} Adjusted */
/** @typedef {{call_rate_per_minute: number}} CallRate */

/** @param {string} customerId */
const walletPath = (customerId) => `/api/wallet/${segment(customerId)}`;

/** @param {ApiClient} client */
export function createWalletService(client) {
  /**
   * @param {"credit" | "debit"} direction
   * @param {string} customerId
   * @param {Adjustment} adjustment
   * @param {MoneyOptions} [options]
   * @returns {Promise<Adjusted>}
   */
  async function adjust(direction, customerId, { amount, reason, source }, options) {
    return client.postMoney(`${walletPath(customerId)}/${direction}`, { amount: exactRupees(amount), reason, source }, options);
  }

  return {
    /**
     * The balance of whoever is signed in, or of one customer.
     * @param {string} [customerId]
     * @returns {Promise<Balance>}
     */
    getBalance: async (customerId) => client.get(customerId === undefined ? "/api/wallet/balance" : `${walletPath(customerId)}/balance`),

    /**
     * @param {string} customerId
     * @returns {Promise<Wallet>}
     */
    getWallet: async (customerId) => client.get(walletPath(customerId)),

    /**
     * @param {string} customerId
     * @param {Paging} [paging]
     * @returns {Promise<TransactionPage>}
     */
    getTransactions: async (customerId, paging) => client.get(`${walletPath(customerId)}/transactions`, paging),

    /**
     * Admin only.
     * @param {string} customerId
     * @param {Adjustment} adjustment
     * @param {MoneyOptions} [options]
     */
    credit: (customerId, adjustment, options) => adjust("credit", customerId, adjustment, options),

    /**
     * Admin only.
     * @param {string} customerId
     * @param {Adjustment} adjustment
     * @param {MoneyOptions} [options]
     */
    debit: (customerId, adjustment, options) => adjust("debit", customerId, adjustment, options),

    /** @returns {Promise<CallRate>} */
    getCallRate: async () => client.get("/api/wallet/call-rate"),

    /**
     * Admin only.
     * @param {number} rate rupees per minute
     * @returns {Promise<CallRate>}
     */
    setCallRate: async (rate) => client.post("/api/wallet/set-call-rate", { query: { rate: exactRupees(rate) } }),

    /**
     * Own transactions; for an admin, everybody's.
     * @param {TransactionFilters & Paging} [filters]
     * @returns {Promise<TransactionPage & {summary: TransactionSummary}>}
     */
    listTransactions: async (filters) => client.get("/api/transactions", filters),

    /**
     * The same as a CSV file.
     * @param {TransactionFilters} [filters]
     */
    downloadTransactions: (filters) =>
      client.download("/api/transactions/download", { query: filters, type: "text/csv", filename: "transactions.csv" }),
  };
}
