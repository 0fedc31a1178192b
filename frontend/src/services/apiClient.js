/** The one door to the server: every service call goes through here, and nothing else uses fetch. */

import { uniqueId } from "../lib/uniqueId.js";
import { createCall, toRequest } from "./apiCall.js";
import { ApiError } from "./apiError.js";
import { readFile, readJson, readTokens } from "./apiResponse.js";
import { createSessionRenewal } from "./sessionRenewal.js";
import { browserStorage, createSessionStore } from "./sessionStore.js";

export { ApiError };

/** @typedef {import("./apiCall.js").Call} Call */
/** @typedef {import("./apiCall.js").Query} Query */
/** @typedef {import("./apiCall.js").Body} Body */
/** @typedef {import("./apiResponse.js").Answer} Answer */
/** @typedef {import("./apiResponse.js").Download} Download */
/** @typedef {import("./sessionStore.js").Session} Session */
/** @typedef {{idempotencyKey?: string}} MoneyOptions one key per intent of the person, the same key for every repetition */
/** @typedef {ReturnType<typeof createApiClient>} ApiClient */

// A year of transactions on a slow line takes longer than any other answer should.
const DOWNLOAD_TIMEOUT_SECONDS = 300;
const REFRESH_PATH = "/api/auth/refresh";

/**
 * @param {Call} call
 * @param {boolean} timedOut
 * @param {unknown} cause
 */
function unheard({ requestId, idempotencyKey }, timedOut, cause) {
  const code = timedOut ? "TIMEOUT" : "NETWORK_ERROR";
  const message = timedOut ? "The server did not answer in time." : "The server could not be reached. Check the connection and try again.";
  return new ApiError({ status: 0, code, message, requestId, idempotencyKey, cause });
}

/**
 * Sends a call once and reads the whole answer, both within the time limit.
 * @param {Call} call
 * @param {string} [bearer]
 * @returns {Promise<Answer>}
 */
async function exchange(call, bearer) {
  const controller = new AbortController();
  // Outside the try: a malformed address is a mistake in the program, not in the network.
  const request = toRequest(call, controller.signal, bearer);
  const timer = setTimeout(() => controller.abort(), call.timeoutSeconds * 1000);
  try {
    const response = await fetch(request);
    const { status, ok, headers } = response;
    return { status, ok, headers, content: await response.blob(), requestId: call.requestId, idempotencyKey: call.idempotencyKey };
  } catch (cause) {
    throw unheard(call, controller.signal.aborted, cause);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Gives a sender that acts as whoever is signed in, and sends once more with new tokens when the old ones are refused.
 * @param {import("./sessionStore.js").SessionStore} sessions
 * @param {(stale: Session) => Promise<Session | null>} renew
 */
function createSender(sessions, renew) {
  /** @param {Call} call */
  return async function send(call) {
    const session = sessions.read();
    const answer = await exchange(call, session?.access_token);
    if (answer.status !== 401 || !session) return answer;

    const renewed = await renew(session);
    return renewed ? exchange(call, renewed.access_token) : answer;
  };
}

/**
 * @param {object} [options]
 * @param {string} [options.baseUrl] where the server is; empty for the page's own origin
 * @param {import("./sessionStore.js").TokenStorage} [options.storage]
 * @param {number} [options.timeoutSeconds]
 * @param {import("./sessionRenewal.js").Locks} [options.locks] lets the tabs of one browser take turns
 */
export function createApiClient({
  baseUrl = "",
  storage = browserStorage(),
  timeoutSeconds = 30,
  locks = globalThis.navigator?.locks,
} = {}) {
  const origin = baseUrl.replace(/\/+$/, "");
  const sessions = createSessionStore(storage);
  /** @param {string} bearer */
  const fetchTokens = async (bearer) => readTokens(await exchange(createCall("POST", origin + REFRESH_PATH, { timeoutSeconds }), bearer));
  const renew = createSessionRenewal({ sessions, fetchTokens, locks });
  const send = createSender(sessions, renew);

  return {
    sessions,

    /**
     * @param {string} path
     * @param {Query} [query]
     */
    get: async (path, query) => readJson(await send(createCall("GET", origin + path, { query, timeoutSeconds }))),

    /**
     * A POST that moves no money.
     * @param {string} path
     * @param {{query?: Query, body?: Body}} [parts]
     */
    post: async (path, parts) => readJson(await send(createCall("POST", origin + path, { ...parts, timeoutSeconds }))),

    /**
     * A POST as nobody, whose 401 is an answer and not a reason to renew anything.
     * @param {string} path
     * @param {object} body
     */
    postPublic: async (path, body) => readJson(await exchange(createCall("POST", origin + path, { body, timeoutSeconds }))),

    /**
     * A POST that moves or promises money: it always carries a key, so that the server does it at most once.
     * @param {string} path
     * @param {object} [body]
     * @param {MoneyOptions} [options]
     */
    postMoney: async (path, body, { idempotencyKey = uniqueId() } = {}) =>
      readJson(await send(createCall("POST", origin + path, { body, idempotencyKey, timeoutSeconds }))),

    /**
     * A PUT, which may be repeated as it is.
     * @param {string} path
     * @param {object} body
     */
    put: async (path, body) => readJson(await send(createCall("PUT", origin + path, { body, timeoutSeconds }))),

    /** @param {string} path */
    delete: async (path) => readJson(await send(createCall("DELETE", origin + path, { timeoutSeconds }))),

    /**
     * @param {string} path
     * @param {{query?: Query, type: string, filename: string}} wanted `filename` is used when the server names none
     * @returns {Promise<Download>}
     */
    async download(path, { query, type, filename }) {
      const parts = { query, accept: type, timeoutSeconds: DOWNLOAD_TIMEOUT_SECONDS };
      return readFile(await send(createCall("GET", origin + path, parts)), { type, filename });
    },

    /** Renews the session now; concurrent renewals are one. */
    async refresh() {
      const session = sessions.read();
      const renewed = session && (await renew(session));
      if (!renewed) throw new ApiError({ status: 401, code: "UNAUTHENTICATED", message: "Please sign in." });
    },
  };
}
