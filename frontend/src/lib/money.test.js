import { describe, expect, it } from "vitest";
import { addRupees, compareRupees, exactRupees, formatRupees, formatRupeesColumn, fromMinor, parseRupees, toMinor } from "./money.js";

describe("toMinor and fromMinor", () => {
  it.each([
    [0.1 + 0.2, 30],
    [1500.25, 150025],
    [999999.99, 99999999],
    [1.1 * 3, 330],
    [-5.5, -550],
    [0, 0],
    [-0, 0],
  ])("turns %d rupees into %d paise", (rupees, paise) => {
    expect(toMinor(rupees)).toBe(paise);
  });

  it.each([1.234, 1.005, 0.001, NaN, Infinity, 1e300])("refuses %d instead of rounding it", (rupees) => {
    expect(() => toMinor(rupees)).toThrow(RangeError);
  });

  it.each(["5", null, undefined, true])("refuses %o, which is not a number", (value) => {
    expect(() => toMinor(/** @type {any} */ (value))).toThrow(RangeError);
  });

  it("brings every amount up to a thousand rupees back unchanged", () => {
    for (let paise = 0; paise <= 100_000; paise += 1) expect(toMinor(fromMinor(paise))).toBe(paise);
  });

  it("refuses a part of a paisa", () => {
    expect(() => fromMinor(10.5)).toThrow(RangeError);
  });
});

describe("exactRupees", () => {
  it.each([
    [0.1 + 0.2, 0.3],
    [99.5, 99.5],
    [1.1 * 3, 3.3],
  ])("writes %d as %d", (rupees, exact) => {
    expect(exactRupees(rupees)).toBe(exact);
  });

  it.each([1.234, NaN, null, undefined, "5"])("refuses %o", (rupees) => {
    expect(() => exactRupees(/** @type {any} */ (rupees))).toThrow(RangeError);
  });
});

describe("addRupees and compareRupees", () => {
  it("adds without binary noise", () => {
    expect(addRupees(0.1, 0.2)).toBe(0.3);
    expect(addRupees(...Array(1000).fill(0.1))).toBe(100);
    expect(addRupees(100, -99.99)).toBe(0.01);
    expect(addRupees()).toBe(0);
  });

  it("finds amounts equal that differ only by binary noise", () => {
    expect(compareRupees(0.1 + 0.2, 0.3)).toBe(0);
    expect(compareRupees(99.99, 100)).toBeLessThan(0);
    expect(compareRupees(100, 99.99)).toBeGreaterThan(0);
  });
});

describe("parseRupees", () => {
  it.each([
    ["1,00,000.50", 100000.5],
    ["100,000.50", 100000.5],
    ["12,34,567", 1234567],
    ["1500.25", 1500.25],
    [" 500 ", 500],
    ["₹ 99.5", 99.5],
    ["Rs. 20", 20],
    ["INR20", 20],
    [".5", 0.5],
    ["5.", 5],
    ["007", 7],
    ["0", 0],
  ])("reads %o as %d", (text, rupees) => {
    expect(parseRupees(text)).toBe(rupees);
  });

  const notAmounts = ["abc", "1.234", "", " ", ".", "₹", "-5", "+5", "1e3", "1,50", "1,0000", ",500", "1.2.3", "5 0", "NaN", "Infinity"];

  it.each([...notAmounts, "9".repeat(20)])("does not read %o as an amount", (text) => {
    expect(parseRupees(text)).toBeNull();
  });
});

describe("formatRupees and formatRupeesColumn", () => {
  it.each([
    [0.1 + 0.2, "₹0.30", "0.30"],
    [1500.25, "₹1,500.25", "1,500.25"],
    [100000.5, "₹1,00,000.50", "1,00,000.50"],
    [-5, "-₹5.00", "-5.00"],
    [-0, "₹0.00", "0.00"],
  ])("writes %d with two decimals and Indian groups", (rupees, withSymbol, forColumn) => {
    expect(formatRupees(rupees)).toBe(withSymbol);
    expect(formatRupeesColumn(rupees)).toBe(forColumn);
  });

  it("refuses what is not an amount, rather than showing ₹NaN", () => {
    expect(() => formatRupees(NaN)).toThrow(RangeError);
  });

  it("writes what parseRupees reads", () => {
    expect(parseRupees(formatRupees(1234567.89))).toBe(1234567.89);
  });
});
