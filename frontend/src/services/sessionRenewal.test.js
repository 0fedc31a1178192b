import { HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { BASE_URL, errorAnswer, expireAccessToken, requests, requestsTo } from "../testing/fakeServer.js";
import { serve, servePrivate, signedInClient } from "../testing/fakeServer.js";
import { createApiClient } from "./apiClient.js";
import { memoryStorage } from "./sessionStore.js";

const PATH = "/api/thing";
const REFRESH = "/api/auth/refresh";

/** Lets one holder at a time run, as the browser's Web Locks do between tabs. */
function takeTurns() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  /** @param {string} _name @param {() => Promise<unknown>} work */
  const request = (_name, work) => (last = last.then(work, work));
  return /** @type {Pick<LockManager, "request">} */ ({ request });
}

describe("an expired access token", () => {
  it("is renewed once and the request repeated with the new one", async () => {
    servePrivate("get", PATH, { fine: true });
    const client = signedInClient();
    expireAccessToken();

    expect(await client.get(PATH)).toEqual({ fine: true });
    expect(requests.map(({ path }) => path)).toEqual([PATH, REFRESH, PATH]);
    expect(client.sessions.read()).toMatchObject({ access_token: "access-2", refresh_token: "refresh-2" });
  });

  it("is renewed once for all requests that find out together", async () => {
    servePrivate("get", PATH, { fine: true });
    const client = signedInClient();
    expireAccessToken();

    const answers = await Promise.all(Array.from({ length: 5 }, () => client.get(PATH)));

    expect(answers).toEqual(Array(5).fill({ fine: true }));
    expect(requestsTo(REFRESH)).toHaveLength(1);
  });

  it("is not renewed again by a request whose refusal arrives late", async () => {
    servePrivate("get", PATH, { fine: true });
    const client = signedInClient();
    expireAccessToken();
    serve("get", "/api/slow", async () => {
      await client.get(PATH);
      return requestsTo("/api/slow").length === 1 ? errorAnswer(401, "UNAUTHENTICATED") : HttpResponse.json({ slow: true });
    });

    expect(await client.get("/api/slow")).toEqual({ slow: true });
    expect(requestsTo(REFRESH)).toHaveLength(1);
  });

  it("is renewed once for two tabs that share a storage", async () => {
    servePrivate("get", PATH, { fine: true });
    const shared = { storage: memoryStorage(), locks: takeTurns() };
    const tab = signedInClient(shared);
    const otherTab = createApiClient({ baseUrl: BASE_URL, ...shared });
    expireAccessToken();

    await Promise.all([tab.get(PATH), otherTab.get(PATH)]);

    expect(requestsTo(REFRESH)).toHaveLength(1);
  });

  it("keeps the idempotency key, the request id and the body of a money POST that is repeated", async () => {
    servePrivate("post", PATH, { done: true });
    const client = signedInClient();
    expireAccessToken();
    const body = { amount: 10 };

    const answer = client.postMoney(PATH, body);
    body.amount = 99;

    expect(await answer).toEqual({ done: true });
    const [first, second] = requestsTo(PATH);
    expect(first?.headers.get("Idempotency-Key")).toBeTruthy();
    expect(second?.headers.get("Idempotency-Key")).toBe(first?.headers.get("Idempotency-Key"));
    expect(second?.headers.get("X-Request-ID")).toBe(first?.headers.get("X-Request-ID"));
    expect([first?.body, second?.body]).toEqual([{ amount: 10 }, { amount: 10 }]);
  });

  it("is given up when the new one is refused as well", async () => {
    serve("get", PATH, () => errorAnswer(401, "UNAUTHENTICATED"));

    await expect(signedInClient().get(PATH)).rejects.toMatchObject({ status: 401, code: "UNAUTHENTICATED" });

    expect(requests.map(({ path }) => path)).toEqual([PATH, REFRESH, PATH]);
  });

  it("is not renewed when nobody is signed in", async () => {
    serve("get", PATH, () => errorAnswer(401, "UNAUTHENTICATED"));
    const client = createApiClient({ baseUrl: BASE_URL, storage: memoryStorage() });

    await expect(client.get(PATH)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });

    expect(requestsTo(REFRESH)).toHaveLength(0);
  });
});

describe("a renewal that fails", () => {
  it.each([
    ["UNAUTHENTICATED", () => errorAnswer(401, "UNAUTHENTICATED")],
    ["NETWORK_ERROR", () => HttpResponse.error()],
    ["INVALID_RESPONSE", () => HttpResponse.json({ access_token: "alone" })],
  ])("with %s clears the tokens and throws for every waiting request", async (code, answer) => {
    servePrivate("get", PATH, {});
    serve("post", REFRESH, answer);
    const client = signedInClient();
    expireAccessToken();

    const outcomes = await Promise.allSettled([client.get(PATH), client.get(PATH)]);

    expect(outcomes).toMatchObject([{ reason: { code } }, { reason: { code } }]);
    expect(client.sessions.read()).toBeNull();
    expect(requestsTo(REFRESH)).toHaveLength(1);
  });

  it("leaves alone whoever signed in meanwhile, and repeats nothing in that person's name", async () => {
    servePrivate("post", PATH, {});
    const client = signedInClient();
    serve("post", REFRESH, () => {
      client.sessions.start({ access_token: "of-b", refresh_token: "of-b" });
      return errorAnswer(401, "UNAUTHENTICATED");
    });
    expireAccessToken();

    await expect(client.postMoney(PATH, {})).rejects.toMatchObject({ code: "UNAUTHENTICATED" });

    expect(client.sessions.read()).toMatchObject({ access_token: "of-b" });
    expect(requestsTo(PATH)).toHaveLength(1);
  });
});

it("does not sign a person in again who signed out during the renewal", async () => {
  servePrivate("get", PATH, {});
  const client = signedInClient();
  const id = client.sessions.read()?.id ?? "";
  serve("post", REFRESH, () => {
    client.sessions.end(id);
    return HttpResponse.json({ access_token: "new", refresh_token: "new" });
  });
  expireAccessToken();

  await expect(client.get(PATH)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });

  expect(client.sessions.read()).toBeNull();
});
