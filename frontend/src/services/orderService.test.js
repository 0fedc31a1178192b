import { describe, expect, it } from "vitest";
import { BASE_URL, requests, serve, servePrivate, signedInClient } from "../testing/fakeServer.js";
import { createApiClient } from "./apiClient.js";
import { createOrderService } from "./orderService.js";
import { memoryStorage } from "./sessionStore.js";

const ORDER = { id: "ord_1", amount: 299.5, amount_due: 299.5, status: "PENDING", payment_status: "PENDING" };

const orders = () => createOrderService(signedInClient());

it("products are listed for anybody", async () => {
  const product = { sku: "tea", name: "Tea", price: 99.5, currency: "INR" };
  serve("get", "/api/products", { status: "success", data: [product], total: 1 });

  const nobody = createApiClient({ baseUrl: BASE_URL, storage: memoryStorage() });

  expect(await createOrderService(nobody).listProducts()).toEqual([product]);
});

describe("placing an order", () => {
  it("sends skus and no prices, under the caller's idempotency key", async () => {
    servePrivate("post", "/api/orders", { status: "success", data: ORDER });

    const placed = await orders().placeOrder({ items: [{ sku: "tea", qty: 3 }] }, { idempotencyKey: "cart-7" });

    expect(placed).toEqual(ORDER);
    expect(requests[0]?.body).toEqual({ items: [{ sku: "tea", qty: 3 }] });
    expect(requests[0]?.headers.get("Idempotency-Key")).toBe("cart-7");
  });

  it("sends an admin's prices exactly", async () => {
    servePrivate("post", "/api/orders", { status: "success", data: ORDER });

    await orders().placeOrder({ customer_id: "cust_1", items: [{ name: "Tea", price: 0.1 + 0.2, qty: 1 }] });

    expect(requests[0]?.body).toEqual({ customer_id: "cust_1", items: [{ name: "Tea", price: 0.3, qty: 1 }] });
    expect(requests[0]?.headers.get("Idempotency-Key")).toBeTruthy();
  });

  it("refuses a price with a third decimal before sending", async () => {
    await expect(orders().placeOrder({ items: [{ name: "Tea", price: 1.234, qty: 1 }] })).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });
});

describe("orders", () => {
  it("are shown one by one", async () => {
    servePrivate("get", "/api/orders/ord_1", { status: "success", data: ORDER });

    expect(await orders().getOrder("ord_1")).toEqual(ORDER);
  });

  it("are listed by the filters, with their number", async () => {
    servePrivate("get", "/api/orders", { status: "success", data: [ORDER], total: 31 });

    expect(await orders().listOrders({ payment_status: "PAID", limit: 1, skip: 30 })).toEqual({ items: [ORDER], total: 31 });
    expect(requests[0]?.query).toEqual({ payment_status: "PAID", limit: "1", skip: "30" });
  });

  it("are cancelled under an idempotency key", async () => {
    servePrivate("post", "/api/orders/ord_1/cancel", { status: "success", data: { ...ORDER, status: "CANCELLED" } });

    expect(await orders().cancelOrder("ord_1", { idempotencyKey: "cancel-1" })).toMatchObject({ status: "CANCELLED" });
    expect(requests[0]?.headers.get("Idempotency-Key")).toBe("cancel-1");
  });

  it.each(["", "..", null])("are not asked for by %o, which is no id", async (id) => {
    await expect(orders().getOrder(/** @type {any} */ (id))).rejects.toThrow(RangeError);

    expect(requests).toEqual([]);
  });
});
