import { afterEach, expect, it, vi } from "vitest";
import { uniqueId } from "./uniqueId.js";

afterEach(() => vi.unstubAllGlobals());

it("makes a different id each time", () => {
  expect(new Set(Array.from({ length: 100 }, uniqueId)).size).toBe(100);
});

it("makes ids on a plain-http page, where the browser has no randomUUID", () => {
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });

  expect(uniqueId()).toMatch(/^[0-9a-f]{32}$/);
  expect(uniqueId()).not.toBe(uniqueId());
});
