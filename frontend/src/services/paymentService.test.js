import { HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { errorAnswer, requests, serve, servePrivate, signedInClient } from "../testing/fakeServer.js";
import { createPaymentService } from "./paymentService.js";

const PAYMENT = { id: "PAY-1", payment_id: "PAY-1", order_id: "ord_1", amount: 0.3, status: "COMPLETED" };
const REFUND = { refund_id: "REFUND-1", payment_id: "PAY-1", amount: 0.3, status: "PROCESSING" };
const SAVED = { id: "SAVED-1", type: "card", gateway: "razorpay", last4: "1111", is_default: true };
const KEY = { idempotencyKey: "intent-1" };

const payments = () => createPaymentService(signedInClient());

/** @param {unknown} data */
const enveloped = (data) => ({ status: "success", data });

const keySent = () => requests[0]?.headers.get("Idempotency-Key");

describe("the methods on offer", () => {
  const METHODS = { currency: "INR", methods: [], emi_plans: [] };

  it("are asked for without an amount", async () => {
    servePrivate("get", "/api/payments/methods", enveloped(METHODS));

    expect(await payments().getMethods()).toEqual(METHODS);
    expect(requests[0]?.query).toEqual({});
  });

  it("are asked for with an exact amount", async () => {
    servePrivate("get", "/api/payments/methods", enveloped(METHODS));

    await payments().getMethods({ amount: 1.1 * 3, currency: "INR" });

    expect(requests[0]?.query).toEqual({ amount: "3.3", currency: "INR" });
  });
});

describe("opening a payment", () => {
  it("sends an exact amount under the caller's key, and only what is given", async () => {
    const initiated = { payment_id: "PAY-1", checkout: { key: "rzp_test_1" } };
    servePrivate("post", "/api/payments/initiate", enveloped(initiated));

    const answer = await payments().initiatePayment({ order_id: "ord_1", amount: 0.1 + 0.2, payment_method: "upi", gateway: undefined }, KEY);

    expect(answer).toEqual(initiated);
    expect(requests[0]?.body).toEqual({ order_id: "ord_1", amount: 0.3, payment_method: "upi" });
    expect(keySent()).toBe("intent-1");
  });

  it.each([1.234, NaN, null])("refuses the amount %o before sending", async (amount) => {
    const payment = { order_id: "ord_1", amount: /** @type {any} */ (amount), payment_method: /** @type {const} */ ("card") };

    await expect(payments().initiatePayment(payment)).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });

  it("tells the key when the gateway gave no answer, for the same payment to be asked for again", async () => {
    serve("post", "/api/payments/initiate", () => errorAnswer(504, "GATEWAY_TIMEOUT"));

    const payment = payments().initiatePayment({ order_id: "ord_1", amount: 1, payment_method: "card" });

    const error = await payment.catch((reason) => reason);

    expect(error).toMatchObject({ status: 504, code: "GATEWAY_TIMEOUT" });
    expect(error.idempotencyKey).toBe(keySent());
  });
});

describe("finding out whether a payment is paid", () => {
  it("brings the gateway's proof to the server", async () => {
    servePrivate("post", "/api/payments/PAY-1/verify", enveloped(PAYMENT));
    const proof = { gateway_payment_id: "pay_1", signature: "5ea1" };

    expect(await payments().verifyPayment("PAY-1", proof, KEY)).toEqual(PAYMENT);
    expect(requests[0]?.body).toEqual(proof);
    expect(keySent()).toBe("intent-1");
  });

  it("needs no proof after PayPal's page", async () => {
    servePrivate("post", "/api/payments/PAY-1/verify", enveloped(PAYMENT));

    expect(await payments().verifyPayment("PAY-1")).toEqual(PAYMENT);
    expect(requests[0]?.body).toBe("");
    expect(keySent()).toBeTruthy();
  });

  it("does not sign anybody out when the proof is wrong", async () => {
    serve("post", "/api/payments/PAY-1/verify", () => errorAnswer(400, "INVALID_SIGNATURE"));
    const client = signedInClient();
    const verified = createPaymentService(client).verifyPayment("PAY-1", { gateway_payment_id: "pay_1", signature: "bad" });

    await expect(verified).rejects.toMatchObject({ status: 400, code: "INVALID_SIGNATURE" });

    expect(client.sessions.read()).not.toBeNull();
  });

  it.each(/** @type {const} */ ([
    ["askPayment", "/api/payments/PAY-1/verify"],
    ["getPayment", "/api/payments/PAY-1"],
  ]))("%s reads %s", async (name, path) => {
    servePrivate("get", path, enveloped(PAYMENT));

    expect(await payments()[name]("PAY-1")).toEqual(PAYMENT);
  });

  it("lists a page of payments, with their number", async () => {
    servePrivate("get", "/api/payments/history", { status: "success", data: [PAYMENT], total: 7 });

    expect(await payments().listPayments({ status: "COMPLETED", limit: 1 })).toEqual({ items: [PAYMENT], total: 7 });
    expect(requests[0]?.query).toEqual({ status: "COMPLETED", limit: "1" });
  });

  it("keeps an odd id in its place in the path", async () => {
    servePrivate("get", "/api/payments/a%2Fb%3Fc", enveloped(PAYMENT));

    expect(await payments().getPayment("a/b?c")).toEqual(PAYMENT);
  });
});

it("a payment is cancelled under an idempotency key", async () => {
  servePrivate("post", "/api/payments/PAY-1/cancel", enveloped({ ...PAYMENT, status: "CANCELLED" }));

  expect(await payments().cancelPayment("PAY-1", KEY)).toMatchObject({ status: "CANCELLED" });
  expect(keySent()).toBe("intent-1");
});

describe("refunds", () => {
  it("send exact amounts under the caller's key", async () => {
    serve("post", "/api/payments/PAY-1/refund", () => HttpResponse.json(enveloped(REFUND), { status: 201 }));
    const refund = /** @type {const} */ ({ amount: 0.1 + 0.2, refundable_amount: 1.1 * 3, reason: "damaged", destination: "wallet" });

    expect(await payments().refundPayment("PAY-1", refund, KEY)).toEqual(REFUND);
    expect(requests[0]?.body).toEqual({ amount: 0.3, refundable_amount: 3.3, reason: "damaged", destination: "wallet" });
    expect(keySent()).toBe("intent-1");
  });

  it("leave the amount out when all that is left is meant", async () => {
    servePrivate("post", "/api/payments/PAY-1/refund", enveloped(REFUND));

    await payments().refundPayment("PAY-1", { reason: "other" });

    expect(requests[0]?.body).toEqual({ reason: "other" });
  });

  it.each([null, NaN, 1.234, "5"])("never take the amount %o for all of it", async (amount) => {
    const refund = { amount: /** @type {any} */ (amount), reason: /** @type {const} */ ("other") };

    await expect(payments().refundPayment("PAY-1", refund)).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });

  it("are listed for a payment", async () => {
    servePrivate("get", "/api/payments/PAY-1/refunds", { status: "success", data: [REFUND], total: 1 });

    expect(await payments().listRefunds("PAY-1")).toEqual([REFUND]);
  });

  it("are shown one by one", async () => {
    servePrivate("get", "/api/refunds/REFUND-1", enveloped(REFUND));

    expect(await payments().getRefund("REFUND-1")).toEqual(REFUND);
  });
});

describe("saved methods", () => {
  it("are listed", async () => {
    servePrivate("get", "/api/payments/saved-methods", { status: "success", data: [SAVED], total: 1 });

    expect(await payments().getSavedMethods()).toEqual([SAVED]);
  });

  it("are saved by the gateway's token, under the caller's key", async () => {
    servePrivate("post", "/api/payments/save-method", enveloped(SAVED));
    const method = /** @type {const} */ ({ type: "card", gateway: "razorpay", token: "token_1", set_default: true });

    expect(await payments().saveMethod(method, KEY)).toEqual(SAVED);
    expect(requests[0]?.body).toEqual(method);
    expect(keySent()).toBe("intent-1");
  });

  it("are deleted", async () => {
    servePrivate("delete", "/api/payments/saved-methods/SAVED-1", enveloped({ id: "SAVED-1", deleted: true }));

    expect(await payments().deleteSavedMethod("SAVED-1")).toEqual({ id: "SAVED-1", deleted: true });
  });

  it("are made the default one", async () => {
    servePrivate("post", "/api/payments/saved-methods/SAVED-1/default", enveloped(SAVED));

    expect(await payments().setDefaultMethod("SAVED-1")).toEqual(SAVED);
  });
});

it("Apple's session comes through unchanged", async () => {
  const session = { merchantSessionIdentifier: "SSH1", nonce: "ab12" };
  servePrivate("post", "/api/payments/apple-pay/session", enveloped(session));

  expect(await payments().getApplePaySession()).toEqual(session);
});
