/** What only an admin asks: the calls under /api/admin. */

import { segment } from "./apiCall.js";
import { unwrap, unwrapPage } from "./envelope.js";

/** @typedef {import("./apiClient.js").ApiClient} ApiClient */
/** @typedef {import("./apiClient.js").MoneyOptions} MoneyOptions */
/** @typedef {import("./envelope.js").Paging} Paging */
/** @typedef {Record<string, unknown>} LedgerReport what the server found when it recomputed the books */

/**
 * @typedef {object} Job what the server does by itself, over and over
 * @property {string} name
 * @property {number} interval_seconds how often it is done
 * @property {string | null} last_run_at ISO-8601, UTC
 * @property {string | null} last_success_at
 * @property {string | null} last_error_at
 * @property {string | null} last_error
 * @property {number | null} last_seconds how long it took when it last succeeded
 * @property {number | null} last_count how much it did then
 */

/** @typedef {"RECEIVED" | "APPLIED" | "IGNORED" | "FAILED"} WebhookEventState */

/**
 * @typedef {object} WebhookEvent a message of a gateway and what became of it
 * @property {string} id
 * @property {string} gateway
 * @property {string} [event_id] the gateway's own id of the message
 * @property {string} type
 * @property {WebhookEventState} state
 * @property {number} tries
 * @property {string | null} [error]
 * @property {string} received_at ISO-8601, UTC
 * @property {string} [handled_at]
 */

/** @typedef {WebhookEvent & {headers: Record<string, string>, body: any}} WebhookEventDetail secrets are blanked out */
/** @typedef {{id: string, outcome: "ok" | "duplicate" | "ignored"}} Replay */

/** @typedef {"OPEN" | "RESOLVING" | "RESOLVED"} ExceptionState */
/** @typedef {"unknown_payment" | "amount_mismatch" | "currency_mismatch" | "order_not_payable" | "paid_twice" | "wallet_refused"} ExceptionReason */
/** @typedef {"credit_wallet" | "refund_at_source" | "dismiss"} Resolution */

/**
 * @typedef {object} PaymentException money that came and fitted no payment
 * @property {string} id
 * @property {ExceptionState} state
 * @property {ExceptionReason} reason
 * @property {string} gateway
 * @property {string} gateway_payment_id
 * @property {string | null} gateway_order_id
 * @property {number} amount in `currency`
 * @property {string} currency
 * @property {string | null} payment_id
 * @property {string | null} order_id
 * @property {string | null} customer_id
 * @property {Resolution} [resolution]
 * @property {string} [resolution_reason]
 * @property {string} [resolved_by]
 * @property {{transaction_id?: string, gateway_refund_id?: string}} [outcome]
 * @property {string} created_at
 * @property {string} [resolved_at]
 */

/** @typedef {{resolution: Resolution, reason: string, customer_id?: string}} Decision `customer_id` where the money tells no customer */

/**
 * @typedef {object} Dispute a dispute as its latest message tells it
 * @property {string} id
 * @property {string} gateway
 * @property {string} dispute_id
 * @property {string | null} gateway_payment_id
 * @property {string | null} payment_id
 * @property {string | null} order_id
 * @property {string | null} customer_id
 * @property {string} state open, under_review, action_required, won, lost, closed or reversed
 * @property {string | null} phase
 * @property {string | null} reason
 * @property {number} amount in `currency`
 * @property {string} currency
 * @property {string | null} respond_by
 * @property {string} created_at
 */

/**
 * @typedef {object} Settlement money that a gateway has sent to the shop's bank account
 * @property {string} id
 * @property {string} gateway
 * @property {string} settlement_id
 * @property {string} state
 * @property {number} amount in `currency`, as are fee and tax
 * @property {number} fee
 * @property {number} tax
 * @property {string} currency
 * @property {string | null} reference
 * @property {string | null} settled_at
 * @property {string} created_at
 */

/**
 * @template T
 * @typedef {import("./envelope.js").Page<T>} Page
 */

const EVENTS = "/api/admin/webhook-events";
const EXCEPTIONS = "/api/admin/payment-exceptions";

/** @param {ApiClient} client */
export function createAdminService(client) {
  return {
    /**
     * Do the books balance?
     * @returns {Promise<LedgerReport>}
     */
    verifyLedger: async () => unwrap(client.get("/api/admin/ledger/verify")),

    /**
     * When did each background job run, succeed and fail last?
     * @returns {Promise<Job[]>}
     */
    listJobs: async () => unwrap(client.get("/api/admin/jobs")),

    /**
     * @param {{state?: WebhookEventState} & Paging} [filters]
     * @returns {Promise<Page<WebhookEvent>>}
     */
    listWebhookEvents: async (filters) => unwrapPage(client.get(EVENTS, filters)),

    /**
     * @param {string} eventId
     * @returns {Promise<WebhookEventDetail>}
     */
    getWebhookEvent: async (eventId) => unwrap(client.get(`${EVENTS}/${segment(eventId)}`)),

    /**
     * Applies a message again; what it did before, it does not do twice.
     * @param {string} eventId
     * @returns {Promise<Replay>}
     */
    replayWebhookEvent: async (eventId) => unwrap(client.post(`${EVENTS}/${segment(eventId)}/replay`)),

    /**
     * @param {{state?: ExceptionState} & Paging} [filters]
     * @returns {Promise<Page<PaymentException>>}
     */
    listPaymentExceptions: async (filters) => unwrapPage(client.get(EXCEPTIONS, filters)),

    /**
     * @param {string} exceptionId
     * @returns {Promise<PaymentException>}
     */
    getPaymentException: async (exceptionId) => unwrap(client.get(`${EXCEPTIONS}/${segment(exceptionId)}`)),

    /**
     * Credits the money to a wallet, sends it back, or dismisses it with a reason; once.
     * @param {string} exceptionId
     * @param {Decision} decision
     * @param {MoneyOptions} [options]
     * @returns {Promise<PaymentException>}
     */
    resolvePaymentException: async (exceptionId, decision, options) =>
      unwrap(client.postMoney(`${EXCEPTIONS}/${segment(exceptionId)}/resolve`, decision, options)),

    /**
     * @param {Paging} [paging]
     * @returns {Promise<Page<Dispute>>}
     */
    listDisputes: async (paging) => unwrapPage(client.get("/api/admin/disputes", paging)),

    /**
     * @param {Paging} [paging]
     * @returns {Promise<Page<Settlement>>}
     */
    listSettlements: async (paging) => unwrapPage(client.get("/api/admin/settlements", paging)),

    /**
     * @param {Paging} [paging]
     * @returns {Promise<Page<import("./walletService.js").AutoRecharge>>}
     */
    listAutoRecharges: async (paging) => unwrapPage(client.get("/api/admin/auto-recharges", paging)),
  };
}
