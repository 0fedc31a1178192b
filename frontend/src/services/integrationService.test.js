import { HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { BASE_URL, errorAnswer, requests, serve, servePrivate, signedInClient } from "../testing/fakeServer.js";
import { createApiClient } from "./apiClient.js";
import { createIntegrationService } from "./integrationService.js";
import { memoryStorage } from "./sessionStore.js";

const KEY = { idempotencyKey: "intent-1" };
const OPENED = { success: true, payment_order_id: "TOPUP-1", gateway_order_id: "order_1", redirect_url: "https://batua.test/pay/TOPUP-1" };

const integration = () => createIntegrationService(signedInClient());
const keySent = () => requests[0]?.headers.get("Idempotency-Key");

describe("topping a wallet up", () => {
  it("opens a payment of an exact amount under the caller's key", async () => {
    servePrivate("post", "/api/integration/wallet/topup/initiate", OPENED);

    expect(await integration().initiateWalletTopup("cust_1", 0.1 + 0.2, "razorpay", KEY)).toEqual(OPENED);
    expect(requests[0]?.body).toEqual({ customer_id: "cust_1", amount: 0.3, payment_method: "razorpay" });
    expect(keySent()).toBe("intent-1");
  });

  it("registers the card for later charges when asked to", async () => {
    servePrivate("post", "/api/integration/wallet/topup/initiate", OPENED);

    await integration().initiateWalletTopup("cust_1", 10, "card", { ...KEY, recurring: true });

    expect(requests[0]?.body).toEqual({ customer_id: "cust_1", amount: 10, payment_method: "card", recurring: true });
    expect(keySent()).toBe("intent-1");
  });

  it("tells the day's limit, and when to come again", async () => {
    const refusal = () => errorAnswer(429, "RATE_LIMITED", { details: { limit: 10 }, headers: { "Retry-After": "3600" } });
    serve("post", "/api/integration/wallet/topup/initiate", refusal);

    const topup = integration().initiateWalletTopup("cust_1", 500, "upi");

    await expect(topup).rejects.toMatchObject({ code: "RATE_LIMITED", details: { limit: 10 }, retryAfterSeconds: 3600 });
  });

  it("brings the gateway's proof to the server", async () => {
    const paid = { success: true, wallet_balance: 500, transaction_id: "tx_1", amount: 500 };
    servePrivate("post", "/api/integration/wallet/topup/verify", paid);

    expect(await integration().verifyWalletTopup("pay_1", "order_1", "5ea1", KEY)).toEqual(paid);
    expect(requests[0]?.body).toEqual({ payment_id: "pay_1", order_id: "order_1", signature: "5ea1" });
    expect(keySent()).toBe("intent-1");
  });

  it("needs no proof but PayPal's order after PayPal's page", async () => {
    servePrivate("post", "/api/integration/wallet/topup/verify", { success: true });

    await integration().verifyWalletTopup(undefined, "5O190127TN364715T");

    expect(requests[0]?.body).toEqual({ order_id: "5O190127TN364715T" });
  });

  it("tells the key when it is not paid yet, for the same question to be asked again", async () => {
    serve("post", "/api/integration/wallet/topup/verify", () => errorAnswer(409, "REQUEST_IN_PROGRESS"));

    const error = await integration()
      .verifyWalletTopup("pay_1", "order_1", "5ea1")
      .catch((reason) => reason);

    expect(error).toMatchObject({ status: 409, code: "REQUEST_IN_PROGRESS" });
    expect(error.idempotencyKey).toBe(keySent());
  });

  it("is followed by our own id", async () => {
    const answer = { success: true, payment_order_id: "TOPUP-1", status: "INITIATED", amount: 500, currency: "INR", transaction_id: null };
    servePrivate("get", "/api/integration/wallet/topup/TOPUP-1", answer);

    expect(await integration().getWalletTopup("TOPUP-1")).toEqual(answer);
  });
});

describe("paying an order", () => {
  it("out of the wallet sends an exact amount under the caller's key", async () => {
    const paid = { success: true, transaction_id: "tx_1", amount_paid: 0.3, remaining_balance: 200 };
    servePrivate("post", "/api/integration/order/pay-with-wallet", paid);

    expect(await integration().payOrderWithWallet("ord_1", "cust_1", 0.1 + 0.2, KEY)).toEqual(paid);
    expect(requests[0]?.body).toEqual({ order_id: "ord_1", customer_id: "cust_1", amount: 0.3 });
    expect(keySent()).toBe("intent-1");
  });

  it("out of a wallet with too little tells how much there is", async () => {
    const details = { available: 100, required: 300 };
    serve("post", "/api/integration/order/pay-with-wallet", () => errorAnswer(400, "INSUFFICIENT_BALANCE", { details }));

    await expect(integration().payOrderWithWallet("ord_1", "cust_1", 300)).rejects.toMatchObject({ code: "INSUFFICIENT_BALANCE", details });
  });

  it("in part out of the wallet names the wallet's part and how the rest is paid", async () => {
    const opened = { ...OPENED, payment_order_id: "PAY-1", hold_id: "hold_1", wallet_amount: 0.3, gateway_amount: 99.7 };
    servePrivate("post", "/api/integration/order/pay-split", opened);

    expect(await integration().payOrderSplit("ord_1", "cust_1", 0.1 + 0.2, "upi", KEY)).toEqual(opened);
    expect(requests[0]?.body).toEqual({ order_id: "ord_1", customer_id: "cust_1", wallet_amount: 0.3, payment_method: "upi" });
    expect(keySent()).toBe("intent-1");
  });
});

it("a refund into the wallet sends an exact amount and its reason under the caller's key", async () => {
  const refunded = { success: true, transaction_id: "tx_1", refund_amount: 0.3, new_balance: 500 };
  servePrivate("post", "/api/integration/order/refund-to-wallet", refunded);

  expect(await integration().refundOrderToWallet("ord_1", "cust_1", 0.1 + 0.2, "Came late", KEY)).toEqual(refunded);
  expect(requests[0]?.body).toEqual({ order_id: "ord_1", customer_id: "cust_1", amount: 0.3, reason: "Came late" });
  expect(keySent()).toBe("intent-1");
});

describe("every call that moves or promises money", () => {
  /** @type {[string, string, (amount: any) => Promise<unknown>][]} */
  const CALLS = [
    ["initiateWalletTopup", "/wallet/topup/initiate", (amount) => integration().initiateWalletTopup("cust_1", amount, "card")],
    ["payOrderWithWallet", "/order/pay-with-wallet", (amount) => integration().payOrderWithWallet("ord_1", "cust_1", amount)],
    ["payOrderSplit", "/order/pay-split", (amount) => integration().payOrderSplit("ord_1", "cust_1", amount, "card")],
    ["refundOrderToWallet", "/order/refund-to-wallet", (amount) => integration().refundOrderToWallet("ord_1", "cust_1", amount, "late")],
  ];

  it.each(CALLS)("%s makes a key when the caller gives none", async (_name, path, call) => {
    servePrivate("post", `/api/integration${path}`, { success: true });

    await call(10);

    expect(keySent()).toBeTruthy();
  });

  it.each(CALLS)("%s refuses what is no amount before sending", async (_name, _path, call) => {
    for (const amount of [1.234, NaN, null, "500"]) await expect(call(amount)).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });
});

describe("looking", () => {
  it("shows a wallet with what went through it", async () => {
    const answer = { success: true, wallet: { balance: 500 }, statistics: { total_topups: 500 }, recent_transactions: [] };
    servePrivate("get", "/api/integration/status/cust_1", answer);

    expect(await integration().getIntegrationStatus("cust_1")).toEqual(answer);
  });

  it("lists the audit trail by the filters, with its length", async () => {
    const line = { id: "log_1", kind: "topup", status: "SUCCESS" };
    servePrivate("get", "/api/integration/logs", { success: true, logs: [line], total: 31 });

    expect(await integration().getIntegrationLogs({ customer_id: "cust_1", status: "SUCCESS", limit: 1 })).toEqual({ items: [line], total: 31 });
    expect(requests[0]?.query).toEqual({ customer_id: "cust_1", status: "SUCCESS", limit: "1" });
  });

  it.each(["", "..", null])("refuses %o as an id before sending", async (id) => {
    await expect(integration().getIntegrationStatus(/** @type {any} */ (id))).rejects.toThrow(RangeError);
    await expect(integration().getWalletTopup(/** @type {any} */ (id))).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });
});

describe("the health of the server", () => {
  const nobody = () => createIntegrationService(createApiClient({ baseUrl: BASE_URL, storage: memoryStorage() }));

  it("is told to anybody", async () => {
    const healthy = { success: true, status: "ok", features: { wallet_topup: true }, database: "ok", version: "0.1.0" };
    serve("get", "/api/integration/health", healthy);

    expect(await nobody().healthCheck()).toEqual(healthy);
  });

  it("is an error with the status 503 while the database is away", async () => {
    serve("get", "/api/integration/health", () => HttpResponse.json({ success: false, status: "degraded" }, { status: 503 }));

    await expect(nobody().healthCheck()).rejects.toMatchObject({ status: 503 });
  });
});
