import { openRelays, type Relay } from "../host/relay.ts";
import { parseBackend } from "../machine/console-backend.ts";
import { UsageError } from "../machine/errors.ts";
import { consoleNames, type Machine } from "../machine/machine.ts";
import { checkOutputs } from "./check-outputs.ts";
import type { VirtualMachine } from "./virtual-machine.ts";

/** Backends that are streams of a process, which are its owner's alone to write to. */
export type StreamBackend = "console" | "stderr";

export interface BackendOptions {
  /**
   * The backends `console` and `stderr` that the caller shows itself, by `vm.onBytes()`. A machine that has another is
   * refused: its bytes would go nowhere but into the record.
   */
  readonly shows?: readonly StreamBackend[];
  /** The relays, where the caller has opened them already with words of its own for what goes wrong. */
  readonly relays?: readonly Relay[];
}

/**
 * Opens what the machine's consoles say besides being recorded, before the guest runs. Throws UsageError for what
 * nobody here carries or what would overwrite the machine, and HostError for what is in use or cannot be opened.
 */
export async function openBackends(machine: Machine, options: BackendOptions): Promise<readonly Relay[]> {
  const { shows = [], relays } = options;
  const problems = consoleNames.flatMap((name) => {
    const kind = parseBackend(machine.consoles[name] ?? "none")?.kind;
    if ((kind !== "console" && kind !== "stderr") || shows.includes(kind)) return [];
    return [`consoles.${name}: ${kind} is a stream of this process, ${reasons[kind]}`];
  });
  if (problems.length > 0) throw UsageError.of(problems);
  if (relays !== undefined) return relays;
  checkOutputs(machine, []);
  return await openRelays(machine.consoles);
}

const advice =
  'write "capture" and read vm.console(), or listen=PATH or file=PATH; `petri boot` shows it, and so may a caller of boot() that says so in `shows`';
const reasons: Record<StreamBackend, string> = {
  console: `and only one VM can have its terminal: ${advice}`,
  stderr: `in which a test's own output is: ${advice}`,
};

/** Joins the consoles of a VM to their relays, from the first byte on. */
export function joinRelays(vm: VirtualMachine, relays: readonly Relay[]): void {
  for (const relay of relays) {
    vm.onBytes(relay.console, (bytes) => {
      try {
        relay.write(bytes);
      } catch (error) {
        vm.fail(error as Error); // a HostError: a file that cannot be written
      }
    });
    relay.onInput((bytes) => {
      // What is typed to a guest that has ended is lost, as on a real line.
      if (vm.state === "running") vm.console(relay.console).send(bytes);
    });
  }
}
