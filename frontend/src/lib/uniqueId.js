/** Ids that no other browser makes: for requests, idempotency keys and sessions. */

/**
 * Makes a random id of 128 bits.
 * @returns {string}
 */
export function uniqueId() {
  // Browsers offer randomUUID on https and localhost only; a shop on a plain-http intranet must still get safe keys.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();

  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
