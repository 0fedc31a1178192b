/** Accounts: the calls under /api/auth, keeping the client's tokens in step with them. */

/** @typedef {import("./apiClient.js").ApiClient} ApiClient */
/** @typedef {{name: string, email: string, password: string, phone?: string}} SignupForm */
/** @typedef {{email: string, password: string}} Credentials */
/** @typedef {{customer_id: string, name: string, email: string, phone: string | null, role: "customer" | "admin"}} User */
/** @typedef {User & {wallet_balance: number, currency: string, low_balance: boolean}} Me */

/** @param {ApiClient} client */
export function createAuthService(client) {
  /**
   * @param {string} path
   * @param {SignupForm | Credentials} form
   * @returns {Promise<User>}
   */
  async function signIn(path, form) {
    const { access_token, refresh_token, user } = await client.postPublic(path, form);
    client.sessions.start({ access_token, refresh_token });
    return user;
  }

  return {
    /** @param {SignupForm} form */
    signup: (form) => signIn("/api/auth/signup", form),

    /** @param {Credentials} credentials */
    login: (credentials) => signIn("/api/auth/login", credentials),

    /** Renews the tokens now; the client does so by itself when a call is refused. */
    refresh: () => client.refresh(),

    /** Signs out here whatever happens; throws when the server could not be told, so the tokens live until they expire. */
    async logout() {
      const session = client.sessions.read();
      if (!session) return;

      // Asked for at the moment of sending: when the access token has expired, both tokens are new by the second attempt.
      const body = () => ({ refresh_token: client.sessions.find(session.id)?.refresh_token });
      try {
        await client.post("/api/auth/logout", { body });
      } finally {
        client.sessions.end(session.id);
      }
    },

    /** @returns {Promise<Me>} */
    me: () => client.get("/api/auth/me"),
  };
}
