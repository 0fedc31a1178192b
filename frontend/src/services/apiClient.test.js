import { delay, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { BASE_URL, errorAnswer, requests, requestsTo, serve, servePrivate, signedInClient } from "../testing/fakeServer.js";
import { ApiError, createApiClient } from "./apiClient.js";
import { memoryStorage } from "./sessionStore.js";

const PATH = "/api/thing";

/**
 * @param {Promise<unknown>} promise
 * @returns {Promise<ApiError>}
 */
async function failureOf(promise) {
  const error = await promise.then(() => expect.fail("it succeeded"), (reason) => reason);
  expect(error).toBeInstanceOf(ApiError);
  return error;
}

describe("a request", () => {
  it("carries the token, a request id and only the query values that are given", async () => {
    servePrivate("get", PATH, { fine: true });

    const answer = await signedInClient().get(PATH, { limit: 0, status: "a b", from: undefined, to: null, user_id: "" });

    expect(answer).toEqual({ fine: true });
    expect(requests[0]?.query).toEqual({ limit: "0", status: "a b" });
    expect(requests[0]?.headers.get("X-Request-ID")).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
  });

  it("works with a slash at the end of the base URL, and without anybody signed in", async () => {
    serve("get", PATH, { fine: true });

    const client = createApiClient({ baseUrl: `${BASE_URL}/` });

    expect(await client.get(PATH)).toEqual({ fine: true });
    expect(requests[0]?.headers.has("Authorization")).toBe(false);
  });

  it("deletes, and sends no body with that", async () => {
    servePrivate("delete", PATH, { deleted: true });

    expect(await signedInClient().delete(PATH)).toEqual({ deleted: true });
    expect(requests[0]).toMatchObject({ method: "DELETE", body: "" });
    expect(requests[0]?.headers.has("Content-Type")).toBe(false);
  });

  it("puts a body without an idempotency key", async () => {
    servePrivate("put", PATH, { enabled: true });

    expect(await signedInClient().put(PATH, { enabled: true })).toEqual({ enabled: true });
    expect(requests[0]).toMatchObject({ method: "PUT", body: { enabled: true } });
    expect(requests[0]?.headers.has("Idempotency-Key")).toBe(false);
  });

  it("gives null for an empty answer", async () => {
    serve("post", PATH, () => new HttpResponse(null, { status: 204 }));

    expect(await signedInClient().post(PATH)).toBeNull();
  });
});

describe("an idempotency key", () => {
  it("is sent with every money POST, a new one for each", async () => {
    servePrivate("post", PATH, {});
    const client = signedInClient();

    await client.postMoney(PATH, { amount: 1 });
    await client.postMoney(PATH, { amount: 1 });

    const keys = requestsTo(PATH).map(({ headers }) => headers.get("Idempotency-Key"));
    expect(new Set(keys).size).toBe(2);
    expect(keys).not.toContain(null);
  });

  it("is the caller's when the caller gives one", async () => {
    servePrivate("post", PATH, {});

    await signedInClient().postMoney(PATH, {}, { idempotencyKey: "pay order 7" });

    expect(requests[0]?.headers.get("Idempotency-Key")).toBe("pay order 7");
  });

  it("is sent with a money POST that has no body", async () => {
    servePrivate("post", PATH, {});

    await signedInClient().postMoney(PATH, undefined, { idempotencyKey: "cancel order 7" });

    expect(requests[0]?.headers.get("Idempotency-Key")).toBe("cancel order 7");
    expect(requests[0]?.body).toBe("");
  });

  const unsendable = ["", " padded", "naïve", "line\nbreak", "x".repeat(256)];

  it.each(unsendable)("is refused before sending when it cannot be sent as it is: %j", async (idempotencyKey) => {
    await expect(signedInClient().postMoney(PATH, {}, { idempotencyKey })).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });

  it("is told to the caller when nobody knows whether the money moved", async () => {
    serve("post", PATH, () => HttpResponse.error());

    const error = await failureOf(signedInClient().postMoney(PATH, { amount: 1 }));

    expect(error.idempotencyKey).toBe(requests[0]?.headers.get("Idempotency-Key"));
  });
});

describe("an error", () => {
  it("has the shape of the server's answer", async () => {
    const details = { available: 5, required: 10 };
    serve("post", PATH, () => errorAnswer(400, "INSUFFICIENT_BALANCE", { details }));

    const error = await failureOf(signedInClient().post(PATH));

    expect(error).toMatchObject({ status: 400, code: "INSUFFICIENT_BALANCE", message: "INSUFFICIENT_BALANCE for a person" });
    expect(error).toMatchObject({ details, requestId: "req-of-server", retryAfterSeconds: null });
  });

  it.each([
    ["120", 120],
    ["0", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["soon", null],
  ])("reads Retry-After: %s as %o seconds", async (header, seconds) => {
    serve("get", PATH, () => errorAnswer(429, "RATE_LIMITED", { headers: { "Retry-After": header } }));

    const error = await failureOf(signedInClient().get(PATH));

    expect(error.retryAfterSeconds).toBe(seconds);
  });

  it.each([502, 200])("is INVALID_RESPONSE when a proxy answers %d with a page", async (status) => {
    serve("get", PATH, () => HttpResponse.html("<h1>secret stack</h1>", { status, headers: { "X-Request-ID": "req-7" } }));

    const error = await failureOf(signedInClient().get(PATH));

    expect(error).toMatchObject({ status, code: "INVALID_RESPONSE", requestId: "req-7" });
    expect(error.message).not.toContain("secret");
  });

  it("is INVALID_RESPONSE when the JSON is not of our shape", async () => {
    serve("get", PATH, () => HttpResponse.json({ msg: "Not enough segments" }, { status: 422 }));

    const error = await failureOf(signedInClient().get(PATH));

    expect(error).toMatchObject({ status: 422, code: "INVALID_RESPONSE", requestId: requests[0]?.headers.get("X-Request-ID") });
  });

  it("is NETWORK_ERROR when the server cannot be reached", async () => {
    serve("get", PATH, () => HttpResponse.error());

    const error = await failureOf(signedInClient().get(PATH));

    expect(error).toMatchObject({ status: 0, code: "NETWORK_ERROR", requestId: requests[0]?.headers.get("X-Request-ID") });
  });

  it("is TIMEOUT when the answer does not come in time", async () => {
    serve("get", PATH, () => delay("infinite"));

    const error = await failureOf(signedInClient({ timeoutSeconds: 0.05 }).get(PATH));

    expect(error).toMatchObject({ status: 0, code: "TIMEOUT" });
  });

  it("is TIMEOUT when the answer begins in time and then hangs", async () => {
    // MSW does not cut a body off when the request is aborted, as a real connection is; so the body does it itself.
    serve("get", PATH, (/** @type {Request} */ { signal }) => {
      const start = (/** @type {ReadableStreamDefaultController} */ stream) => signal.addEventListener("abort", () => stream.error(signal.reason));
      return new HttpResponse(new ReadableStream({ start }));
    });

    const error = await failureOf(signedInClient({ timeoutSeconds: 0.05 }).get(PATH));

    expect(error.code).toBe("TIMEOUT");
  });

  it("is not an ApiError when the program gives a malformed address", async () => {
    const client = createApiClient({ baseUrl: "not a place", storage: memoryStorage() });

    await expect(client.get(PATH)).rejects.toThrow(TypeError);
  });
});

describe("a download", () => {
  const wanted = { type: "text/csv", filename: "fallback.csv" };

  /** @param {Record<string, string>} headers */
  function serveCsv(headers) {
    const all = { "Content-Type": "text/csv; charset=utf-8", ...headers };
    serve("get", PATH, () => new HttpResponse("id\n1\n", { headers: all }));
  }

  it.each([
    [{ "Content-Disposition": 'attachment; filename="transactions 2025.csv"' }, "transactions 2025.csv"],
    [{ "Content-Disposition": "attachment; filename=plain.csv" }, "plain.csv"],
    [{ "Content-Disposition": 'attachment; filename="../../etc/evil.csv"' }, "evil.csv"],
    [{ "Content-Disposition": 'attachment; filename="folder/"' }, "fallback.csv"],
    [{}, "fallback.csv"],
  ])("with %o is named %s", async (headers, filename) => {
    serveCsv(headers);

    const download = await signedInClient().download(PATH, wanted);

    expect(download.filename).toBe(filename);
    expect(await download.blob.text()).toBe("id\n1\n");
  });

  it("refuses a web page in place of the file", async () => {
    serve("get", PATH, () => HttpResponse.html("<h1>Welcome</h1>"));

    const error = await failureOf(signedInClient().download(PATH, wanted));

    expect(error).toMatchObject({ status: 200, code: "INVALID_RESPONSE" });
  });

  it("throws the server's error", async () => {
    serve("get", PATH, () => errorAnswer(403, "FORBIDDEN"));

    const error = await failureOf(signedInClient().download(PATH, wanted));

    expect(error).toMatchObject({ status: 403, code: "FORBIDDEN" });
  });
});
