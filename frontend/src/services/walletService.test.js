import { HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { requests, serve, servePrivate, signedInClient } from "../testing/fakeServer.js";
import { createWalletService } from "./walletService.js";

const BALANCE = { customer_id: "cust_1", balance: 100, held: 10, available: 90, currency: "INR", low_balance: false };

const wallet = () => createWalletService(signedInClient());

describe("reading a wallet", () => {
  it.each([
    ["/api/wallet/balance", undefined],
    ["/api/wallet/cust_1/balance", "cust_1"],
  ])("reads the balance at %s", async (path, customerId) => {
    servePrivate("get", path, BALANCE);

    expect(await wallet().getBalance(customerId)).toEqual(BALANCE);
  });

  it("reads the wallet with its statistics", async () => {
    const answer = { ...BALANCE, statistics: { total_spent: 7 } };
    servePrivate("get", "/api/wallet/cust_1", answer);

    expect(await wallet().getWallet("cust_1")).toEqual(answer);
  });

  it("reads a page of one wallet's transactions", async () => {
    servePrivate("get", "/api/wallet/cust_1/transactions", { transactions: [], total: 0 });

    expect(await wallet().getTransactions("cust_1", { limit: 10, skip: 20 })).toEqual({ transactions: [], total: 0 });
    expect(requests[0]?.query).toEqual({ limit: "10", skip: "20" });
  });

  it("keeps an odd id in its place in the path", async () => {
    servePrivate("get", "/api/wallet/a%2Fb%3Fc/balance", BALANCE);

    expect(await wallet().getBalance("a/b?c")).toEqual(BALANCE);
  });

  it.each(["", ".", "..", null])("refuses %o as an id before sending", async (id) => {
    await expect(wallet().getBalance(/** @type {any} */ (id))).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });
});

describe("credit and debit", () => {
  const DONE = { transaction_id: "tx_1", new_balance: 100.3 };

  it.each(/** @type {const} */ (["credit", "debit"]))("%s sends an exact amount under an idempotency key", async (name) => {
    servePrivate("post", `/api/wallet/cust_1/${name}`, DONE);

    const answer = await wallet()[name]("cust_1", { amount: 0.1 + 0.2, reason: "gift", source: "promo" }, { idempotencyKey: "key-1" });

    expect(answer).toEqual(DONE);
    expect(requests[0]?.body).toEqual({ amount: 0.3, reason: "gift", source: "promo" });
    expect(requests[0]?.headers.get("Idempotency-Key")).toBe("key-1");
  });

  it("makes the key and leaves out the source when the caller gives none", async () => {
    servePrivate("post", "/api/wallet/cust_1/credit", DONE);

    await wallet().credit("cust_1", { amount: 1500.25, reason: "gift" });

    expect(requests[0]?.body).toEqual({ amount: 1500.25, reason: "gift" });
    expect(requests[0]?.headers.get("Idempotency-Key")).toBeTruthy();
  });

  it.each([1.234, NaN])("refuses the amount %d before sending", async (amount) => {
    await expect(wallet().credit("cust_1", { amount, reason: "gift" })).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });
});

describe("the call rate", () => {
  it("is read", async () => {
    servePrivate("get", "/api/wallet/call-rate", { call_rate_per_minute: 10 });

    expect(await wallet().getCallRate()).toEqual({ call_rate_per_minute: 10 });
  });

  it("is set", async () => {
    servePrivate("post", "/api/wallet/set-call-rate", { call_rate_per_minute: 15.5 });

    expect(await wallet().setCallRate(15.5)).toEqual({ call_rate_per_minute: 15.5 });
    expect(requests[0]?.query).toEqual({ rate: "15.5" });
  });
});

describe("auto-recharge", () => {
  const PATH = "/api/wallet/auto-recharge";
  const RULE = { enabled: true, threshold: 100, amount: 500, daily_cap: 1500, monthly_cap: 5000, saved_method_id: "SAVED-1" };

  it("is read", async () => {
    servePrivate("get", PATH, { ...RULE, declines: 0 });

    expect(await wallet().getAutoRecharge()).toEqual({ ...RULE, declines: 0 });
  });

  it("is set with exact amounts", async () => {
    servePrivate("put", PATH, RULE);

    expect(await wallet().setAutoRecharge({ ...RULE, threshold: 0.1 + 0.2 })).toEqual(RULE);
    expect(requests[0]?.body).toEqual({ ...RULE, threshold: 0.3 });
  });

  it.each(["threshold", "amount", "daily_cap", "monthly_cap"])("refuses a %s that is no amount before sending", async (name) => {
    await expect(wallet().setAutoRecharge({ ...RULE, [name]: 1.234 })).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });

  it("is switched off", async () => {
    servePrivate("delete", PATH, { ...RULE, enabled: false });

    expect(await wallet().switchOffAutoRecharge()).toEqual({ ...RULE, enabled: false });
    expect(requests[0]?.method).toBe("DELETE");
  });
});

describe("transactions", () => {
  const FILTERS = /** @type {const} */ ({ transaction_type: "credit", from: "2025-01-01T00:00:00Z", user_id: "cust_1" });

  it("are listed by the filters, with their summary", async () => {
    const answer = { transactions: [], total: 0, summary: { total_credits: 0, total_debits: 0, credit_count: 0, debit_count: 0 } };
    servePrivate("get", "/api/transactions", answer);

    expect(await wallet().listTransactions(FILTERS)).toEqual(answer);
    expect(requests[0]?.query).toEqual(FILTERS);
  });

  it("are downloaded by the same filters", async () => {
    const headers = { "Content-Type": "text/csv; charset=utf-8" };
    serve("get", "/api/transactions/download", () => new HttpResponse("id\ntx_1\n", { headers }));

    const { blob, filename } = await wallet().downloadTransactions(FILTERS);

    expect(await blob.text()).toBe("id\ntx_1\n");
    expect(filename).toBe("transactions.csv");
    expect(requests[0]?.query).toEqual(FILTERS);
  });
});
