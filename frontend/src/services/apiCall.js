/** Describes one call of the API, such that sending it a second time sends the very same thing. */

import { uniqueId } from "../lib/uniqueId.js";

/** @typedef {Record<string, string | number | null | undefined>} Query empty values are left out */
/** @typedef {object | (() => object)} Body a function where the body must name the tokens of the moment */

/**
 * @typedef {object} Call
 * @property {string} method
 * @property {string} url
 * @property {number} timeoutSeconds
 * @property {string} accept
 * @property {string} requestId
 * @property {string} [idempotencyKey]
 * @property {() => string | undefined} writeBody
 */

/** @param {Query} [query] */
function queryString(query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

/** @param {Body} [body] */
function bodyWriter(body) {
  if (typeof body === "function") return () => JSON.stringify(body());

  // Written once: a caller who changes the object meanwhile must not change what the retry sends under the same key.
  const text = JSON.stringify(body);
  return () => text;
}

/** @param {string} [key] */
function checkKey(key) {
  const sendable = key === undefined || (key === key.trim() && /^[\x20-\x7e]{1,255}$/.test(key));
  if (!sendable) throw new RangeError("An idempotency key is 1 to 255 printable ASCII characters.");
}

/**
 * @param {string} method
 * @param {string} address
 * @param {{timeoutSeconds: number, query?: Query, body?: Body, accept?: string, idempotencyKey?: string}} parts
 * @returns {Call}
 */
export function createCall(method, address, { timeoutSeconds, query, body, accept = "application/json", idempotencyKey }) {
  checkKey(idempotencyKey);

  const url = address + queryString(query);
  return { method, url, timeoutSeconds, accept, requestId: uniqueId(), idempotencyKey, writeBody: bodyWriter(body) };
}

/**
 * One place in a path, for an id that must stay one place whatever is in it.
 * @param {string} id
 * @returns {string}
 */
export function segment(id) {
  if (typeof id !== "string" || /^\.{0,2}$/.test(id)) throw new RangeError(`Not an id: ${id}`);

  return encodeURIComponent(id);
}

/**
 * @param {Call} call
 * @param {AbortSignal} signal
 * @param {string} [bearer]
 * @returns {Request}
 */
export function toRequest(call, signal, bearer) {
  const headers = new Headers({ Accept: call.accept, "X-Request-ID": call.requestId });
  const body = call.writeBody();
  if (bearer) headers.set("Authorization", `Bearer ${bearer}`);
  if (body) headers.set("Content-Type", "application/json");
  if (call.idempotencyKey) headers.set("Idempotency-Key", call.idempotencyKey);

  // A balance out of the browser's cache would be an old balance.
  return new Request(call.url, { method: call.method, headers, body, signal, cache: "no-store" });
}
