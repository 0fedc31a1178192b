import { describe, expect, it } from "vitest";
import { requests, servePrivate, signedInClient } from "../testing/fakeServer.js";
import { createAdminService } from "./adminService.js";

const admin = () => createAdminService(signedInClient());

it("verifyLedger gives the report out of its envelope", async () => {
  servePrivate("get", "/api/admin/ledger/verify", { status: "success", data: { ok: true } });

  expect(await admin().verifyLedger()).toEqual({ ok: true });
});

it("listJobs gives the jobs out of their envelope", async () => {
  servePrivate("get", "/api/admin/jobs", { status: "success", data: [{ name: "sweep" }] });

  expect(await admin().listJobs()).toEqual([{ name: "sweep" }]);
});

describe("lists", () => {
  it.each(/** @type {const} */ ([
    ["listWebhookEvents", "/api/admin/webhook-events", { state: "FAILED", limit: 5 }],
    ["listPaymentExceptions", "/api/admin/payment-exceptions", { state: "OPEN", skip: 5 }],
    ["listDisputes", "/api/admin/disputes", { limit: 5, skip: 5 }],
    ["listSettlements", "/api/admin/settlements", { limit: 5 }],
    ["listAutoRecharges", "/api/admin/auto-recharges", { skip: 5 }],
  ]))("%s reads a page of %s", async (name, path, filters) => {
    servePrivate("get", path, { status: "success", data: [{ id: "1" }], total: 9 });

    expect(await admin()[name](/** @type {any} */ (filters))).toEqual({ items: [{ id: "1" }], total: 9 });
    const sent = Object.entries(filters).map(([filter, value]) => [filter, String(value)]);
    expect(requests[0]?.query).toEqual(Object.fromEntries(sent));
  });
});

describe("a webhook event", () => {
  // Its id holds a colon, which must not look like anything else in a path.
  const PATH = "/api/admin/webhook-events/razorpay%3Aevt_1";

  it("is shown with its body", async () => {
    const event = { id: "razorpay:evt_1", body: { event: "payment.captured" } };
    servePrivate("get", PATH, { status: "success", data: event });

    expect(await admin().getWebhookEvent("razorpay:evt_1")).toEqual(event);
  });

  it("is applied again", async () => {
    const replay = { id: "razorpay:evt_1", outcome: "ok" };
    servePrivate("post", `${PATH}/replay`, { status: "success", data: replay });

    expect(await admin().replayWebhookEvent("razorpay:evt_1")).toEqual(replay);
  });
});

describe("a payment exception", () => {
  const EXCEPTION = { id: "EXC-1", state: "OPEN", amount: 499, currency: "INR" };

  it("is shown", async () => {
    servePrivate("get", "/api/admin/payment-exceptions/EXC-1", { status: "success", data: EXCEPTION });

    expect(await admin().getPaymentException("EXC-1")).toEqual(EXCEPTION);
  });

  it("is resolved under the caller's idempotency key", async () => {
    const resolved = { ...EXCEPTION, state: "RESOLVED" };
    servePrivate("post", "/api/admin/payment-exceptions/EXC-1/resolve", { status: "success", data: resolved });
    const decision = /** @type {const} */ ({ resolution: "credit_wallet", reason: "Paid twice", customer_id: "cust_1" });

    const answer = await admin().resolvePaymentException("EXC-1", decision, { idempotencyKey: "resolve-1" });

    expect(answer).toEqual(resolved);
    expect(requests[0]?.body).toEqual(decision);
    expect(requests[0]?.headers.get("Idempotency-Key")).toBe("resolve-1");
  });
});
