import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// The unit tests, beside the code they test. VM tests are in petri-tests/, run by `petri test`.
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    globalSetup: ["ci/private-temp.mjs"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Half of their time is spent on processes of their own; vitest would leave one CPU idle.
    maxWorkers: availableParallelism(),
  },
});
