/** Keeps the tokens of the person who is signed in, across page loads where the browser allows it. */

import { uniqueId } from "../lib/uniqueId.js";

/** @typedef {{access_token: string, refresh_token: string}} Tokens */
/** @typedef {Tokens & {id: string}} Session `id` stays the same when the tokens are renewed */
/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} TokenStorage */
/** @typedef {ReturnType<typeof createSessionStore>} SessionStore */

const STORAGE_KEY = "batua.session";

/**
 * Storage that lasts as long as the page.
 * @returns {TokenStorage}
 */
export function memoryStorage() {
  /** @type {Map<string, string>} */
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

/**
 * The browser's storage, or memory where there is none or where using it is forbidden.
 * @returns {TokenStorage}
 */
export function browserStorage() {
  try {
    // Blocked cookies make the property itself throw, private windows make only the writing throw: try both.
    const storage = globalThis.localStorage;
    storage.setItem(`${STORAGE_KEY}.probe`, "");
    storage.removeItem(`${STORAGE_KEY}.probe`);
    return storage;
  } catch {
    return memoryStorage();
  }
}

/**
 * Tells whether a value from outside is a pair of tokens.
 * @param {unknown} value
 * @returns {value is Tokens}
 */
export function isTokens(value) {
  const { access_token, refresh_token } = Object(value);
  return typeof access_token === "string" && typeof refresh_token === "string";
}

/**
 * @param {string | null} text
 * @returns {Session | null}
 */
function parseSession(text) {
  try {
    const value = JSON.parse(text ?? "null");
    return isTokens(value) ? /** @type {Session} */ (value) : null;
  } catch {
    // Whatever garbled the stored text, the person can only sign in again.
    return null;
  }
}

/**
 * Every answer to a question about an old session names it, so that a late answer cannot touch whoever signed in since.
 * @param {TokenStorage} storage
 */
export function createSessionStore(storage) {
  /** @param {Session} session */
  function write({ id, access_token, refresh_token }) {
    const session = { id, access_token, refresh_token };
    storage.setItem(STORAGE_KEY, JSON.stringify(session));
    return session;
  }

  const read = () => parseSession(storage.getItem(STORAGE_KEY));

  /** @param {string} id */
  function find(id) {
    const session = read();
    return session?.id === id ? session : null;
  }

  return {
    read,
    find,
    /** @param {Tokens} tokens */
    start: (tokens) => write({ ...tokens, id: uniqueId() }),
    /**
     * @param {string} id
     * @param {Tokens} tokens
     */
    renew: (id, tokens) => (find(id) ? write({ ...tokens, id }) : null),
    /** @param {string} id */
    end(id) {
      if (find(id)) storage.removeItem(STORAGE_KEY);
    },
  };
}
