/** What only an admin asks: the calls under /api/admin. */

/** @typedef {import("./apiClient.js").ApiClient} ApiClient */
/** @typedef {Record<string, unknown>} LedgerReport what the server found when it recomputed the books */

/** @param {ApiClient} client */
export function createAdminService(client) {
  return {
    /**
     * Do the books balance?
     * @returns {Promise<LedgerReport>}
     */
    async verifyLedger() {
      const { data } = await client.get("/api/admin/ledger/verify");
      return data;
    },
  };
}
