import js from "@eslint/js";

const DECIMALS = "Decimals are the business of lib/money.js alone.";
const FETCH = "Only services/apiClient.js talks to the network.";

const LAYER = "lib/ is the bottom layer: it imports nothing above it.";

const noDecimals = [
  { object: "Math", property: "round", message: DECIMALS },
  { object: "Number", property: "parseFloat", message: DECIMALS },
  { object: "Intl", property: "NumberFormat", message: DECIMALS },
  { property: "toFixed", message: DECIMALS },
];
const noFetch = { object: "globalThis", property: "fetch", message: FETCH };

export default [
  js.configs.recommended,
  {
    rules: {
      // The type check already knows every global of the browser, and knows them better than a list here would.
      "no-undef": "off",
      "no-unused-vars": "error",
      eqeqeq: "error",
      "prefer-const": "error",
      "no-var": "error",
      "no-console": "error",
      "max-lines": ["error", { max: 250 }],
      "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
      "no-restricted-globals": [
        "error",
        { name: "fetch", message: FETCH },
        { name: "parseFloat", message: DECIMALS },
      ],
      "no-restricted-properties": ["error", noFetch, ...noDecimals],
    },
  },
  {
    files: ["src/services/apiClient.js"],
    rules: { "no-restricted-globals": "off", "no-restricted-properties": ["error", ...noDecimals] },
  },
  {
    files: ["src/lib/money.js"],
    rules: { "no-restricted-properties": ["error", noFetch] },
  },
  {
    files: ["src/lib/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group: ["../*"], message: LAYER }] }] },
  },
  {
    // A describe block is a list of tests, not a function to be kept short.
    files: ["src/**/*.test.js"],
    rules: { "max-lines-per-function": "off" },
  },
];
