import { expect, it } from "vitest";
import { servePrivate, signedInClient } from "../testing/fakeServer.js";
import { createAdminService } from "./adminService.js";

it("verifyLedger gives the report out of its envelope", async () => {
  servePrivate("get", "/api/admin/ledger/verify", { status: "success", data: { ok: true } });

  expect(await createAdminService(signedInClient()).verifyLedger()).toEqual({ ok: true });
});
