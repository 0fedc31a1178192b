import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.js"],
    setupFiles: ["src/testing/fakeServer.js"],
  },
});
