/** The envelope in which orders, payments, refunds and administration answer. */

/** @typedef {{limit?: number, skip?: number}} Paging */

/**
 * @template T
 * @typedef {{items: T[], total: number}} Page a part of a list, newest first, and how many there are in all
 */

/**
 * What an answer carries.
 * @param {Promise<any>} answer
 * @returns {Promise<any>}
 */
export async function unwrap(answer) {
  const { data } = await answer;
  return data;
}

/**
 * The page of a list that an answer carries.
 * @param {Promise<any>} answer
 * @returns {Promise<Page<any>>}
 */
export async function unwrapPage(answer) {
  const { data, total } = await answer;
  return { items: data, total };
}
