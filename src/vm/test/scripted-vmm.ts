import { closeSync, mkdtempSync, openSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { guestOf } from "../../guest/driver.ts";
import { type MachineInput, machineSchema } from "../../machine/machine.ts";
import { type OracleSettings, oraclePolicy } from "../../oracle/policy.ts";
import { PowerJournal } from "../../power/journal.ts";
import { TraceWriter } from "../../trace/writer.ts";
import type { RunningVmm, VmmEnd, VmmEvent, VmmPlan } from "../../vmm/contract.ts";
import { ConsoleSet } from "../console-set.ts";
import { ProgressWatch } from "../progress-watch.ts";
import { VirtualMachine } from "../virtual-machine.ts";

/** A VMM that does as the test says: real ones cannot be made to die in the middle of a reset. */
export function setUp(
  power: MachineInput["power"] = {},
  oracle?: OracleSettings,
  vmlinux?: string,
  ignoresPanics = false,
) {
  const dir = join(mkdtempSync(join(tmpdir(), "petri-vm-")), "trace");
  const trace = TraceWriter.open(dir, { clockStart: process.hrtime.bigint() });
  writeFileSync(join(dir, "com1.log"), "x".repeat(1000));
  const calls: string[] = [];
  let tell: (event: VmmEvent) => void = () => {};
  let end: (end: VmmEnd) => void = () => {};
  const ended = new Promise<VmmEnd>((resolve) => {
    end = resolve;
  });
  const call = (name: string) => () => Promise.resolve(calls.push(name)).then(() => {});
  const running: RunningVmm = {
    capture: "from-reset",
    pid: 1,
    onEvent: (listener) => {
      tell = listener;
    },
    resume: call("resume"),
    pause: call("pause"),
    reset: call("reset"),
    quit: async () => {
      calls.push("quit");
      end({ exitCode: null, signal: "SIGKILL", expected: true, stderrTail: "", at: 1, offsets: {} });
    },
    cannotContinue: ({ kind }) => (kind === "watchdog" ? undefined : "it was reset"),
    write: () => {},
    ended,
    facets: {},
  };
  const progress = new ProgressWatch({ budgetMs: undefined, onStuck: () => {} });
  const defaultTimeoutMs = () => 2000;
  const consoles = new ConsoleSet(["com1"], dir, { send: () => {}, defaultTimeoutMs, watcher: progress });
  const plan: VmmPlan = {
    ...{ vmm: "qemu", accelerator: "tcg", run: { file: "qemu", args: [] }, consoles: {}, control: "", copies: [] },
    ...{ firmware: "none", isPersistent: false, notes: [] },
  };
  const vm = new VirtualMachine({
    machine: machineSchema.parse({ boot: { kind: "kernel", kernel: "/k" }, power }),
    placement: { vmm: "qemu", host: "local" },
    ...{ plan, running, trace, consoles, power: new PowerJournal({ defaultTimeoutMs, watcher: progress }) },
    oracle: oraclePolicy(oracle),
    ...{ vmlinux, ignoresPanics },
    ...{ progress, defaultTimeoutMs },
    makeGuest: () => guestOf("nothing", { ready: vi.fn() }, {}),
    release: () => calls.push("release"),
  });
  const event = (kind: VmmEvent["kind"], com1 = 0, cause: VmmEvent["cause"] = "unknown") =>
    tell({ kind, cause, evidence: [], confidence: "reported", at: 1, offsets: { com1 } });
  let printed = 0;
  const print = (text: string) => {
    const log = openSync(join(dir, "com1.log"), "r+");
    printed += writeSync(log, text, printed);
    closeSync(log);
    consoles.advance("com1", printed);
  };
  return { vm, running, consoles, trace, calls, event, print };
}

/** The error if the VM has failed by now. */
export const crashOf = (vm: VirtualMachine) => Promise.race([vm.crashed, Promise.resolve(undefined)]);
