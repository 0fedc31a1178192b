import { afterEach, describe, expect, it, vi } from "vitest";
import { browserStorage, createSessionStore, memoryStorage } from "./sessionStore.js";

const TOKENS = { access_token: "a", refresh_token: "r" };

afterEach(() => vi.unstubAllGlobals());

describe("the session store", () => {
  it("finds the session again after a page load", () => {
    const storage = memoryStorage();
    const session = createSessionStore(storage).start(TOKENS);

    expect(createSessionStore(storage).read()).toEqual(session);
  });

  it("keeps nothing but the tokens and the id", () => {
    const storage = memoryStorage();
    createSessionStore(storage).start({ ...TOKENS, ...{ user: "private" } });

    expect(storage.getItem("batua.session")).not.toContain("private");
  });

  it.each(["{", "[]", '{"access_token": 7}', "null"])("takes stored %o as signed out", (text) => {
    const storage = memoryStorage();
    storage.setItem("batua.session", text);

    expect(createSessionStore(storage).read()).toBeNull();
  });
});

describe("the browser's storage", () => {
  it("is localStorage where that works", () => {
    const storage = memoryStorage();
    vi.stubGlobal("localStorage", storage);

    expect(browserStorage()).toBe(storage);
  });

  it.each([
    ["absent", undefined],
    ["full or read-only", { ...memoryStorage(), setItem: () => { throw new Error("QuotaExceededError"); } }],
  ])("is memory where localStorage is %s", (_why, localStorage) => {
    vi.stubGlobal("localStorage", localStorage);

    const sessions = createSessionStore(browserStorage());

    expect(sessions.start(TOKENS)).toEqual(sessions.read());
  });
});
