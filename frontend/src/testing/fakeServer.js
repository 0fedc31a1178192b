/** A fake Batua server for tests: tokens that rotate as the real ones do, and a record of every request it got. */

import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { createApiClient } from "../services/apiClient.js";
import { memoryStorage } from "../services/sessionStore.js";

export const BASE_URL = "https://batua.test";

/** @typedef {{method: string, path: string, query: Record<string, string>, headers: Headers, body: any}} Recorded */

const server = setupServer();

/** @type {Recorded[]} */
export const requests = [];

/** What the server holds about the one account; a test may change it to let tokens expire. */
export const account = { access: "", refresh: "", generation: 0 };

/** Makes the access token invalid, as time would. */
export function expireAccessToken() {
  account.access = "";
}

function newTokens() {
  account.generation += 1;
  account.access = `access-${account.generation}`;
  account.refresh = `refresh-${account.generation}`;
  return { access_token: account.access, refresh_token: account.refresh };
}

/**
 * @param {number} status
 * @param {string} code
 * @param {{details?: Record<string, any>, headers?: Record<string, string>}} [more]
 */
export function errorAnswer(status, code, { details = {}, headers = {} } = {}) {
  const error = { code, message: `${code} for a person`, details };
  return HttpResponse.json({ success: false, status: "error", error, request_id: "req-of-server" }, { status, headers });
}

/** @param {Request} request */
const bearer = (request) => request.headers.get("Authorization")?.replace("Bearer ", "");

/** @param {Request} request */
async function record(request) {
  const { method, headers } = request;
  const url = new URL(request.url);
  const text = await request.clone().text();
  requests.push({ method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers, body: text && JSON.parse(text) });
}

/**
 * Adds a route; the answer may be a plain value, or a function of the request for anything else.
 * @param {"get" | "post" | "put" | "delete"} method
 * @param {string} path
 * @param {any} answer
 */
export function serve(method, path, answer) {
  const respond = typeof answer === "function" ? answer : () => HttpResponse.json(answer);
  const route = http[method](BASE_URL + path, async ({ request }) => {
    await record(request);
    return respond(request);
  });
  server.use(route);
}

/**
 * Adds a route that answers the holder of a valid access token only.
 * @param {"get" | "post" | "put" | "delete"} method
 * @param {string} path
 * @param {any} answer
 */
export function servePrivate(method, path, answer) {
  serve(method, path, (/** @type {Request} */ request) =>
    bearer(request) === account.access ? HttpResponse.json(answer) : errorAnswer(401, "UNAUTHENTICATED"),
  );
}

/** @param {Request} request */
function refresh(request) {
  return bearer(request) === account.refresh ? HttpResponse.json(newTokens()) : errorAnswer(401, "UNAUTHENTICATED");
}

/** @param {string} path */
export const requestsTo = (path) => requests.filter((request) => request.path === path);

/**
 * A client whose user is signed in.
 * @param {Parameters<typeof createApiClient>[0]} [options]
 */
export function signedInClient(options) {
  const client = createApiClient({ baseUrl: BASE_URL, storage: memoryStorage(), ...options });
  client.sessions.start(newTokens());
  return client;
}

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  requests.length = 0;
  account.generation = 0;
  serve("post", "/api/auth/refresh", refresh);
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());
