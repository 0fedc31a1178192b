/** The one error that a service call throws when the server refused, failed or could not be heard. */

/**
 * @typedef {object} Failure
 * @property {number} status HTTP status, 0 when there was no answer
 * @property {string} code what to switch on: a code of the API, or NETWORK_ERROR, TIMEOUT, INVALID_RESPONSE
 * @property {string} message a sentence for a person
 * @property {Record<string, unknown>} [details]
 * @property {string} [requestId] what the server's log knows this request by
 * @property {string} [idempotencyKey] the key the request carried
 * @property {number | null} [retryAfterSeconds]
 * @property {unknown} [cause]
 */

export class ApiError extends Error {
  /** @param {Failure} failure */
  constructor({ status, code, message, details = {}, requestId = "", idempotencyKey, retryAfterSeconds = null, cause }) {
    super(message, { cause });
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.details = details;
    this.requestId = requestId;
    /** After NETWORK_ERROR or TIMEOUT nobody knows whether money moved: repeating with this same key is the safe way to ask. */
    this.idempotencyKey = idempotencyKey;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
