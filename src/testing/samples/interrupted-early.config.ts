import { defineConfig } from "vitest/config";
import { petri } from "../index.ts";
import { sessionOf } from "../run-session.ts";

/** Ctrl-C when Petri is ready, while vitest is not: no run has begun. */
const ctrlC = {
  name: "ctrl-c",
  async configureVitest({ vitest }: { vitest: Parameters<typeof sessionOf>[0] }) {
    await sessionOf(vitest);
    process.kill(process.pid, "SIGINT");
  },
};

export default defineConfig({
  plugins: [petri(), ctrlC],
  test: { root: import.meta.dirname, include: ["*.sample.ts"] },
});
