/** Money as the screen and the wire know it: the one place that knows how many decimals a rupee has. */

const PAISE_PER_RUPEE = 100;

const SYMBOL = /^(?:₹|rs\.?|inr)\s*/i;
const INDIAN_GROUPS = String.raw`\d{1,2}(?:,\d{2})*,\d{3}`;
const WESTERN_GROUPS = String.raw`\d{1,3}(?:,\d{3})+`;
const TYPED_AMOUNT = new RegExp(`^(${INDIAN_GROUPS}|${WESTERN_GROUPS}|\\d*)(?:\\.(\\d{0,2}))?$`);

// Both formats always show two decimals, so that figures under each other line up.
const WITH_SYMBOL = new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR" });
const FOR_COLUMN = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/**
 * Turns rupees into whole paise, forgiving binary noise (0.1 + 0.2 is 30 paise) and refusing real fractions of a paisa.
 * @param {number} rupees
 * @returns {number}
 */
export function toMinor(rupees) {
  // Adding zero turns -0 into 0, which would otherwise be shown as a debit of nothing.
  const minor = Math.round(rupees * PAISE_PER_RUPEE) + 0;
  if (typeof rupees !== "number" || !Number.isSafeInteger(minor)) throw new RangeError(`Not an amount in rupees: ${rupees}`);

  const noise = 4 * Number.EPSILON * Math.max(1, Math.abs(rupees));
  if (Math.abs(minor / PAISE_PER_RUPEE - rupees) > noise) throw new RangeError(`More than two decimals: ${rupees}`);

  return minor;
}

/**
 * Turns whole paise into the rupee number that the API speaks.
 * @param {number} minor
 * @returns {number}
 */
export function fromMinor(minor) {
  if (!Number.isSafeInteger(minor)) throw new RangeError(`Not a whole number of paise: ${minor}`);

  return minor / PAISE_PER_RUPEE;
}

/**
 * Rupees as the wire wants them: a sum such as 0.1 + 0.2 without its binary noise.
 * @param {number} rupees
 * @returns {number}
 */
export function exactRupees(rupees) {
  return fromMinor(toMinor(rupees));
}

/**
 * Adds amounts without collecting binary noise; add a negative amount to subtract.
 * @param {...number} amounts
 * @returns {number}
 */
export function addRupees(...amounts) {
  return fromMinor(amounts.reduce((sum, rupees) => sum + toMinor(rupees), 0));
}

/**
 * Says whether one amount is below (negative), equal to (0) or above (positive) another; fits Array.sort.
 * @param {number} left
 * @param {number} right
 * @returns {number}
 */
export function compareRupees(left, right) {
  return toMinor(left) - toMinor(right);
}

/**
 * Reads what a person typed ("₹1,00,000.50", "500", ".5"); null when it is not an amount, has a sign, or has a third decimal.
 * @param {string} text
 * @returns {number | null}
 */
export function parseRupees(text) {
  const match = TYPED_AMOUNT.exec(text.trim().replace(SYMBOL, ""));
  const [, whole = "", paise = ""] = match ?? [];
  if (whole === "" && paise === "") return null;

  const minor = Number(whole.replaceAll(",", "")) * PAISE_PER_RUPEE + Number(paise.padEnd(2, "0"));
  return Number.isSafeInteger(minor) ? fromMinor(minor) : null;
}

/**
 * Writes an amount for reading: "₹1,00,000.50".
 * @param {number} rupees
 * @returns {string}
 */
export function formatRupees(rupees) {
  return WITH_SYMBOL.format(fromMinor(toMinor(rupees)));
}

/**
 * Writes an amount for a right-aligned column whose heading names the currency: "1,00,000.50".
 * @param {number} rupees
 * @returns {string}
 */
export function formatRupeesColumn(rupees) {
  return FOR_COLUMN.format(fromMinor(toMinor(rupees)));
}
