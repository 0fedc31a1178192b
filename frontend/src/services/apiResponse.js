/** Turns what came over the network into a value, a file or an ApiError. */

import { ApiError } from "./apiError.js";
import { isTokens } from "./sessionStore.js";

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {boolean} ok
 * @property {Headers} headers
 * @property {Blob} content
 * @property {string} requestId the id we sent
 * @property {string} [idempotencyKey]
 */
/** @typedef {{blob: Blob, filename: string}} Download */

/**
 * The parsed body, null when it is empty, undefined when it is not JSON (a proxy's error page, say).
 * @param {Answer} answer
 * @returns {Promise<any>}
 */
async function parse(answer) {
  const text = await answer.content.text();
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads Retry-After, which is a number of seconds or a date.
 * @param {Headers} headers
 * @returns {number | null}
 */
function retryAfterSeconds(headers) {
  const value = headers.get("Retry-After")?.trim() ?? "";
  if (/^\d+$/.test(value)) return Number(value);

  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

/**
 * @param {Answer} answer
 * @param {any} [body]
 * @returns {ApiError}
 */
function failure(answer, body) {
  const error = body?.error;
  const known = typeof error?.code === "string";
  return new ApiError({
    status: answer.status,
    code: known ? error.code : "INVALID_RESPONSE",
    message: known ? String(error.message) : `The server gave an answer that could not be read (HTTP ${answer.status}).`,
    details: error?.details ?? {},
    requestId: body?.request_id ?? answer.headers.get("X-Request-ID") ?? answer.requestId,
    idempotencyKey: answer.idempotencyKey,
    retryAfterSeconds: retryAfterSeconds(answer.headers),
  });
}

/**
 * The JSON value of a successful answer.
 * @param {Answer} answer
 * @returns {Promise<any>}
 */
export async function readJson(answer) {
  const body = await parse(answer);
  if (!answer.ok || body === undefined) throw failure(answer, body);

  return body;
}

/**
 * The pair of tokens in a successful answer.
 * @param {Answer} answer
 * @returns {Promise<import("./sessionStore.js").Tokens>}
 */
export async function readTokens(answer) {
  const body = await readJson(answer);
  if (!isTokens(body)) throw failure(answer);

  return body;
}

/**
 * @param {Headers} headers
 * @returns {string | undefined}
 */
function filenameFrom(headers) {
  const disposition = headers.get("Content-Disposition") ?? "";
  const name = /filename="([^"]+)"/i.exec(disposition)?.[1] ?? /filename=([^;\s]+)/i.exec(disposition)?.[1];
  // Only the last step of a path: a name never chooses the folder it is saved in.
  return name?.split(/[/\\]/).pop() || undefined;
}

/**
 * The file in a successful answer, refused unless it is of the wanted type: a web server may answer 200 with its start page.
 * @param {Answer} answer
 * @param {{type: string, filename: string}} wanted `filename` is used when the server names none
 * @returns {Promise<Download>}
 */
export async function readFile(answer, { type, filename }) {
  if (!answer.ok) throw failure(answer, await parse(answer));
  if (!answer.headers.get("Content-Type")?.startsWith(type)) throw failure(answer);

  return { blob: answer.content, filename: filenameFrom(answer.headers) ?? filename };
}
