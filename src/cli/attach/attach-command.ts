import { UsageError } from "../../machine/errors.ts";
import type { ConsoleName } from "../../machine/machine.ts";
import { suggest } from "../../machine/nearest.ts";
import { printable } from "../../report/escape.ts";
import { askKept, type FoundVm, findKept, keptNamed } from "../../vm/kept/find-kept.ts";
import { type KeptAction, keptActions } from "../../vm/kept/protocol.ts";
import type { AttachFlags } from "../attach.ts";
import { commandName } from "../command-name.ts";
import { writeTo } from "../output.ts";
import { joinConsole } from "./join-console.ts";

const longestCell = 60;

/** Resolves to the exit code: 0 if it was done. */
export async function attachCommand(
  name: string | undefined,
  action: string,
  flags: AttachFlags,
  signal: AbortSignal,
): Promise<number> {
  if (name === undefined) return await list();
  const actions = [...keptActions, "console"] as const;
  const known = actions.find((each) => each === action);
  if (known === undefined) {
    throw new UsageError(`${action} is no action of petri attach: ${suggest(action, actions)}`);
  }
  if (flags.console !== undefined && known !== "console") {
    throw new UsageError(`--console goes with the action console, not with ${known}`);
  }
  const vm = keptNamed(name);
  if (known === "console") return await joinConsole(vm, consoleOf(vm, flags), signal);
  await print(await told(vm, known));
  return 0;
}

async function list(): Promise<number> {
  const all = findKept();
  if (all.length === 0) {
    await print(`no VM is kept: ${commandName()} test --pause keeps those of failing tests`);
    return 0;
  }
  const states = await Promise.all(all.map((vm) => askKept(vm, { do: "info" }).catch(() => "gone")));
  const rows = all.map((vm, index) => [vm.name, vm.vmm, states[index] ?? "", shown(vm.test), shown(vm.failure)]);
  const head = ["VM", "VMM", "STATE", "TEST", "FAILURE"];
  const widths = head.map((cell, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? cell).length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd();
  await print([head, ...rows].map(line).join("\n"));
  return 0;
}

async function told(vm: FoundVm, action: KeptAction): Promise<string> {
  const reply = await askKept(vm, { do: action });
  switch (action) {
    case "info":
      return [
        `${vm.name} is ${reply}, on ${vm.vmm}`,
        `test:     ${vm.test}`,
        `failure:  ${vm.failure}`,
        `consoles: ${vm.consoles.join(", ") || "none"}`,
        ...(vm.ssh === undefined ? [] : [`ssh:      ${vm.ssh}`]),
        `trace:    ${vm.traceDir}`,
      ].join("\n");
    case "gdb":
      return `gdb listens on ${reply}\nconnect with: gdb -ex 'target remote ${reply}'`;
    case "screenshot":
      return reply.startsWith("/") ? `the screen is in ${reply}` : reply;
    default:
      return reply;
  }
}

function consoleOf(vm: FoundVm, flags: AttachFlags): ConsoleName {
  const [first] = vm.consoles;
  const found = flags.console === undefined ? first : vm.consoles.find((each) => each === flags.console);
  if (found) return found;
  if (!first) throw new UsageError(`${vm.name} has no console: see what else \`petri attach --help\` lists`);
  throw new UsageError(`--console ${flags.console}: ${vm.name} has ${vm.consoles.join(", ")}`);
}

function shown(text: string): string {
  const line = printable(text).replaceAll("\n", " ");
  return line.length > longestCell ? `${line.slice(0, longestCell - 1)}…` : line;
}

/** What it says of the guest is the guest's: nothing of it may move a cursor. */
async function print(text: string): Promise<void> {
  await writeTo(process.stdout, `${printable(text).trimEnd()}\n`);
}
