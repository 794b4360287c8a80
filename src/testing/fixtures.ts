import { type TestAPI, test } from "vitest";
import type { Guest } from "../guest/driver.ts";
import { UnsupportedError } from "../machine/errors.ts";
import type { VirtualMachine } from "../vm/virtual-machine.ts";
import type { PeerOptions } from "./attempt.ts";
import { attemptOf } from "./attempts.ts";
import type { Cell } from "./cell.ts";
import { facetNeeds } from "./needs.ts";
import { specOf } from "./test-spec.ts";

/** What a test may take besides vitest's own context. */
export interface VmFixtures {
  /** The cell's machine, booted: nothing is waited for, not even that it is ready. */
  readonly vm: VirtualMachine;
  /** `vm.guest`: every call waits until the guest is ready. */
  readonly guest: Guest;
  /** Boots another VM, by default like the cell's; it ends with the test, too. */
  readonly boot: (options?: PeerOptions) => Promise<VirtualMachine>;
  readonly cell: Cell;
}

let extended: TestAPI<VmFixtures> | undefined;

/** vitest's `test` with our fixtures. Made at its first use: this module is also loaded where no test can be made. */
export function baseTest(): TestAPI<VmFixtures> {
  extended ??= test.extend<VmFixtures>({
    cell: async ({ task }, use) => {
      const spec = specOf(task);
      if (spec) await use(spec.cell);
    },
    vm: async ({ task, skip }, use) => {
      const attempt = attemptOf(task);
      attempt.skipIfMissing(skip);
      const vm = await attempt.boot();
      const missing = facetNeeds(specOf(task)?.needs ?? []).flatMap((need) => refusal(() => vm.facet(need)));
      if (missing.length > 0) skip(missing.join("; "));
      await use(vm);
    },
    guest: ({ vm }, use) => use(vm.guest),
    boot: async ({ task, skip }, use) => {
      const attempt = attemptOf(task);
      attempt.skipIfMissing(skip);
      await use((options) => attempt.boot(options));
    },
  });
  return extended;
}

function refusal(ask: () => unknown): string[] {
  try {
    ask();
    return [];
  } catch (error) {
    if (error instanceof UnsupportedError) return [error.message];
    throw error;
  }
}
