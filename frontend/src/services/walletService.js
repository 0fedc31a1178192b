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

/**
 * @typedef {object} AutoRechargeRule amounts in rupees; days and months are UTC
 * @property {boolean} enabled
 * @property {number} threshold below this the wallet is filled
 * @property {number} amount what is charged each time
 * @property {number} daily_cap
 * @property {number} monthly_cap
 * @property {string} saved_method_id a saved method that says `recurring`
 */

/**
 * @typedef {object} AutoRecharge the rule is null where it was never set
 * @property {string} customer_id
 * @property {boolean} enabled
 * @property {number | null} threshold
 * @property {number | null} amount
 * @property {number | null} daily_cap
 * @property {number | null} monthly_cap
 * @property {string | null} saved_method_id
 * @property {number} spent_today
 * @property {number} spent_this_month
 * @property {string | null} pending_payment_id the one charge under way
 * @property {string | null} next_at ISO-8601, UTC; nothing is charged before
 * @property {number} declines in a row
 * @property {"customer" | "declines" | "method_deleted" | null} off_reason
 * @property {{payment_id: string, outcome: "paid" | "declined" | "called_off", at: string} | null} last
 */

const AUTO_RECHARGE = "/api/wallet/auto-recharge";

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

    /** @returns {Promise<AutoRecharge>} */
    getAutoRecharge: async () => client.get(AUTO_RECHARGE),

    /**
     * Lets a saved method fill the wallet whenever it runs low; safe to repeat.
     * @param {AutoRechargeRule} rule
     * @returns {Promise<AutoRecharge>}
     */
    setAutoRecharge: async ({ threshold, amount, daily_cap, monthly_cap, ...rule }) =>
      client.put(AUTO_RECHARGE, {
        ...rule,
        threshold: exactRupees(threshold),
        amount: exactRupees(amount),
        daily_cap: exactRupees(daily_cap),
        monthly_cap: exactRupees(monthly_cap),
      }),

    /**
     * Charges nothing from now on; the rule is kept.
     * @returns {Promise<AutoRecharge>}
     */
    switchOffAutoRecharge: async () => client.delete(AUTO_RECHARGE),

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
