import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
// It teaches vite's types what a vitest plugin may be.
import type {} from "vitest/config";
import type { Vite } from "vitest/node";
import { bootKinds } from "../machine/boot.ts";
import { vmmNames } from "../machine/placement.ts";
import { leftOpen } from "./run-options.ts";

/** This module runs as source in a checkout, and as JavaScript where it is installed. */
const isSource = import.meta.url.endsWith(".ts");
const beside = (name: string) => fileURLToPath(new URL(`./${name}.${isSource ? "ts" : "js"}`, import.meta.url));

/** Tests may be chosen by what they run on: `--tags-filter='vmm:qemu && boot:uefi'`. */
const tags = [...vmmNames.map((name) => `vmm:${name}`), ...bootKinds.map((kind) => `boot:${kind}`)].map((name) => ({
  name,
}));

/**
 * Petri's vitest plugin: detection, leases, reports, and an orderly end. `petri test` brings it along; plain
 * `npx vitest` needs it in `vitest.config.ts`.
 *
 * @example export default defineConfig({ plugins: [petri()] });
 */
export function petri(): Vite.Plugin {
  return {
    name: "petri",
    config(config: { test?: { setupFiles?: string | string[]; maxWorkers?: unknown } }) {
      const setup = beside("setup");
      const isThere = [config.test?.setupFiles ?? []].flat().includes(setup);
      if (isThere) return {};
      return {
        ...(isSource && { resolve: { alias: ownSources() } }),
        test: {
          // A worker that dies takes its VMs along and its leases return: only processes can promise that.
          pool: "forks" as const,
          setupFiles: [setup],
          tags,
          // Leases decide how many tests run at once. A lower limit would be held by tests that wait for memory while
          // those that have it wait for the limit.
          maxConcurrency: Number.MAX_SAFE_INTEGER,
          // A worker mostly waits for its VM; vitest leaves one processor free.
          ...(config.test?.maxWorkers === undefined && { maxWorkers: availableParallelism() }),
        },
      };
    },
    // oxlint-disable-next-line typescript/no-misused-promises -- vitest awaits it, though its type says void
    async configureVitest({ vitest, project }) {
      const open = leftOpen() ?? (await import("./run-session.ts")).sessionOf;
      const session = await open(vitest);
      project.provide("petri", session.context);
    },
  };
}

/** In a checkout, tests take the same sources as the plugin, not what was built from them. */
function ownSources(): { find: RegExp; replacement: string }[] {
  const library = fileURLToPath(new URL("../index.ts", import.meta.url));
  return [
    { find: /^petri-vm\/test$/, replacement: beside("index") },
    ...(existsSync(library) ? [{ find: /^petri-vm$/, replacement: library }] : []),
  ];
}
