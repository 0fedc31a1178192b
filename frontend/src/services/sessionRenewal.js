/** Renews a session whose access token was refused, once however many requests find out at the same time. */

/** @typedef {import("./sessionStore.js").Session} Session */
/** @typedef {import("./sessionStore.js").Tokens} Tokens */
/** @typedef {Pick<LockManager, "request">} Locks */

const LOCK_NAME = "batua.refresh";

/**
 * @param {object} collaborators
 * @param {import("./sessionStore.js").SessionStore} collaborators.sessions
 * @param {(refreshToken: string) => Promise<Tokens>} collaborators.fetchTokens
 * @param {Locks | undefined} collaborators.locks
 * @returns {(stale: Session) => Promise<Session | null>} null when that session has ended meanwhile
 */
export function createSessionRenewal({ sessions, fetchTokens, locks }) {
  /** @type {Map<string, Promise<Session | null>>} */
  const underWay = new Map();

  /** @param {Session} stale */
  async function renewNow(stale) {
    const current = sessions.find(stale.id);
    if (!current || current.access_token !== stale.access_token) return current;

    try {
      return sessions.renew(stale.id, await fetchTokens(current.refresh_token));
    } catch (error) {
      sessions.end(stale.id);
      throw error;
    }
  }

  /**
   * @param {Session} stale
   * @returns {Promise<Session | null>}
   */
  async function renewInTurn(stale) {
    // A refresh token works once and its second use ends the session, so tabs that share a storage must take turns.
    return locks ? locks.request(LOCK_NAME, () => renewNow(stale)) : renewNow(stale);
  }

  return function renew(stale) {
    const shared = underWay.get(stale.id) ?? renewInTurn(stale).finally(() => underWay.delete(stale.id));
    underWay.set(stale.id, shared);
    return shared;
  };
}
