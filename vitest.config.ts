import { defineConfig } from "vitest/config";

// The unit tests, beside the code they test. VM tests are in petri-tests/, run by `petri test`.
export default defineConfig({
  test: { include: ["src/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
});
