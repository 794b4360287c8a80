import { type Guest, type GuestHost, guestOf } from "../guest/driver.ts";
import { petriGuest } from "../guest/petri-guest.ts";
import { shellGuest } from "../guest/shell.ts";
import type { Host } from "../host/host.ts";
import { localHost } from "../host/local.ts";
import { prepareRecorder } from "../host/recording.ts";
import type { Relay } from "../host/relay.ts";
import { newRunDirectory, type RunDirectory } from "../host/run-directory.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import { UnsupportedError, UsageError } from "../machine/errors.ts";
import type { ConsoleName, Machine, MachineInput } from "../machine/machine.ts";
import type { Placement } from "../machine/placement.ts";
import { mergeSettings } from "../machine/settings.ts";
import { parseMachine } from "../machine/validate.ts";
import { mergeOracle, type OracleSettings, oraclePolicy } from "../oracle/policy.ts";
import { PowerJournal } from "../power/journal.ts";
import { timeoutMs } from "../power/wait.ts";
import { TraceWriter } from "../trace/writer.ts";
import type { Detection, RunningVmm } from "../vmm/contract.ts";
import { vmmNamed } from "../vmm/registry.ts";
import { applyImage, type MachinePart } from "./apply-image.ts";
import { type BackendOptions, joinRelays, openBackends } from "./carry-backends.ts";
import { checkFiles } from "./check-files.ts";
import { checkHost } from "./check-host.ts";
import { ConsoleSet } from "./console-set.ts";
import { choosePlacement, detectAll, detectionOf, supportReasons } from "./detection.ts";
import { FindingJournal } from "./findings.ts";
import { watchFrontpage } from "./frontpage.ts";
import { digestFiles, filesOf, planRecordOf } from "./plan-record-of.ts";
import { ProgressWatch } from "./progress-watch.ts";
import { recordWaits } from "./record-waits.ts";
import { VirtualMachine } from "./virtual-machine.ts";

export interface BootOptions extends BackendOptions {
  /** What to boot. With an image its `boot` may be left out. */
  readonly machine: MachineInput | MachinePart;
  readonly image?: ResolvedImage | undefined;
  /** Where to run it; the best VMM that can, if absent. */
  readonly placement?: Partial<Placement> | undefined;
  /** What `detectAll` found; it is run first if absent. */
  readonly detections?: readonly Detection[] | undefined;
  /** A folder that does not exist yet: the record of this VM is written there. */
  readonly traceDir: string;
  /** Leaves the guest at its reset vector until `resume()`. */
  readonly paused?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** How long a wait without a timeout of its own may take. */
  readonly waitTimeoutMs?: number;
  /** What is looked for on the consoles, and what becomes of it: a finding fails the VM unless this says otherwise. */
  readonly oracle?: OracleSettings | undefined;
  /** The guest kernel's ELF file with symbols: a crash report then tells source lines (by addr2line of binutils). */
  readonly vmlinux?: string | undefined;
  /**
   * While somebody waits for the running guest, something must come of it in this time: a new phase, a wait that is met,
   * a command that is done, a power event, or `vm.progress()`. Else the VM fails with NoProgress. Milliseconds, or
   * `"30s"`; off if absent, since only the test knows how long its guest may be busy without a sign.
   */
  readonly progressWithin?: number | string | undefined;
}

const defaultWaitMs = 120_000;

/**
 * Boots one VM. All problems of the machine, its files and its placement are thrown before any process starts
 * (UsageError, UnsupportedError); nothing is left behind when a later step fails (VmmError, HostError).
 *
 * @example
 * await using vm = await boot({ machine: { boot: { kind: "kernel", kernel: "vmlinuz" } }, traceDir: "trace" });
 * await vm.console().expect("Linux version");
 */
export async function boot(options: BootOptions): Promise<VirtualMachine> {
  prepareRecorder();
  const host = localHost;
  const machine = checkFiles(
    parseMachine(options.image ? applyImage(options.machine, options.image, options.placement?.vmm) : options.machine),
  );
  const detections =
    options.detections ?? (await detectAll(host, { overrides: namedPrograms(), ...signalOf(options) }));
  const placement = choosePlacement(machine, options.placement ?? {}, detections);
  const reasons = supportReasons(machine, placement, detections);
  if (reasons.length > 0) throw UnsupportedError.of(reasons, `${placement.vmm} cannot run this machine`);
  checkVmlinux(options);
  await checkHost(machine, host);
  options.signal?.throwIfAborted();
  const relays = await openBackends(machine, options);
  try {
    return await launch(machine, placement, detectionOf(placement.vmm, detections), host, options, relays);
  } catch (error) {
    for (const relay of relays) relay.close();
    throw error;
  }
}

function checkVmlinux({ vmlinux }: BootOptions): void {
  if (vmlinux === undefined || localHost.readable(vmlinux)) return;
  throw new UsageError(`vmlinux ${vmlinux} cannot be read: name the kernel's ELF file with symbols`);
}

/** What `PETRI_*` variables name of the host: QEMU's binary, firmware images. */
function namedPrograms(): Record<string, string | undefined> {
  const { firmware, qemu } = mergeSettings({ env: process.env, cwd: process.cwd() });
  return { ...firmware, qemu };
}

function signalOf(options: BootOptions): { signal?: AbortSignal } {
  return options.signal ? { signal: options.signal } : {};
}

async function launch(
  machine: Machine,
  placement: Placement,
  detection: Detection,
  host: Host,
  options: BootOptions,
  relays: readonly Relay[],
): Promise<VirtualMachine> {
  const vmm = vmmNamed(placement.vmm);
  const clockStart = process.hrtime.bigint();
  const trace = TraceWriter.open(options.traceDir, { clockStart });
  let run: RunDirectory | undefined;
  let running: RunningVmm | undefined;
  let vm: VirtualMachine | undefined;
  try {
    run = newRunDirectory();
    const { path: runDir, remove } = run;
    const paths = { runDir, traceDir: options.traceDir, hasFifos: host.hasFifos };
    const plan = vmm.plan(machine, paths, detection, placement.accelerator);
    trace.writeMachine(machine);
    trace.writePlacement({ ...placement, accelerator: plan.accelerator });
    trace.writePlan(planRecordOf(plan, detection, {}));
    const names = Object.keys(plan.consoles) as ConsoleName[];
    const stopDigests = new AbortController();
    const faults: Error[] = [];
    const defaultTimeoutMs = () => options.waitTimeoutMs ?? defaultWaitMs;
    const fault = (error: Error) => void (vm ? vm.fail(error) : faults.push(error));
    const observers = recordWaits((event) => {
      try {
        trace.append(event);
      } catch (error) {
        fault(error as Error); // append throws HostErrors
      }
    });
    const budgetMs = progressBudget(options.progressWithin);
    const progress = new ProgressWatch({ budgetMs, onStuck: (waits) => void vm?.stuck(waits, budgetMs ?? 0) });
    const power = new PowerJournal({ defaultTimeoutMs, observer: observers.power, watcher: progress });
    const findings = new FindingJournal({ defaultTimeoutMs, watcher: progress, scene: () => consoles.scene() });
    const consoles = new ConsoleSet(names, options.traceDir, {
      send: (name, bytes, isSecret) => running?.write(name, bytes, isSecret),
      defaultTimeoutMs,
      observe: observers.console,
      watcher: progress,
    });
    const started = await vmm.launch(plan, paths, host, {
      clockStart,
      ...signalOf(options),
      onBytes: (name, end, at) => consoles.advance(name, end, at),
      onFault: fault,
    });
    running = started;
    trace.append({ kind: "vm", what: "spawned", pid: started.pid });
    vm = new VirtualMachine({
      ...{ machine, placement: { ...placement, accelerator: plan.accelerator }, plan, image: options.image },
      ...{ running: watchFrontpage(machine, started, consoles, clockStart), trace, consoles, power, findings },
      vmlinux: options.vmlinux ?? options.image?.vmlinux,
      oracle: oraclePolicy(mergeOracle(impliedBy(machine), options.oracle)),
      ...{ progress, defaultTimeoutMs },
      makeGuest: (self) => guestFor(self, consoles),
      release: () => {
        stopDigests.abort();
        for (const relay of relays) relay.close();
        remove();
      },
    });
    joinRelays(vm, relays);
    if (faults[0]) throw faults[0];
    if (!options.paused) await vm.resume();
    options.signal?.throwIfAborted();
    // The guest need not wait for its files' digests.
    digestFiles(filesOf(machine, plan), options.image?.digests ?? {}, stopDigests.signal)
      .then((digests) => {
        if (!stopDigests.signal.aborted) trace.writePlan(planRecordOf(plan, detection, digests));
      })
      .catch(() => {});
    return vm;
  } catch (error) {
    // What went wrong is worth more than what goes wrong while clearing up after it.
    await (vm ?? running)?.quit().catch(() => {});
    run?.remove();
    trace.close();
    throw error;
  }
}

/** Without the firmware's front page a machine that has nothing to boot powers off: that is then no crash. */
function impliedBy({ boot }: Machine): OracleSettings {
  return boot.kind === "uefi" && !boot.frontpage ? { ignore: [/^no bootable device$/] } : {};
}

/** Throws UsageError for what is no time above 0. */
function progressBudget(within: number | string | undefined): number | undefined {
  if (within === undefined) return undefined;
  const ms = timeoutMs(within, () => 0);
  if (ms > 0) return ms;
  throw new UsageError("progressWithin: 0 would fail every wait; leave it out to have no limit");
}

function guestFor(vm: VirtualMachine, consoles: ConsoleSet): Guest {
  const { image } = vm;
  const console = consoles.get("com1");
  if (!image || !console) return noGuest(image ? "a machine without com1" : "a machine booted without an image");
  const ready = image.ready && new RegExp(image.ready.source, image.ready.flags);
  const bootOffset = () => vm.bootOffset();
  let known: { boot: number; end: Promise<number> } | undefined;
  const host: GuestHost = {
    console,
    bootOffset,
    ready: () => {
      const from = bootOffset();
      if (known?.boot !== from) {
        const end = ready
          ? console
              .cursor(from)
              .expect(ready)
              .then((match) => match.end)
          : Promise.resolve(from);
        known = { boot: from, end };
        // A wait that failed is asked again by the next command.
        end.catch(() => {
          known = undefined;
        });
      }
      return known.end;
    },
    expectCrash: (cause) => vm.expectCrash(cause),
    watchdog: vm.machine.watchdog,
  };
  switch (image.driver) {
    case "petri-guest":
      return petriGuest(host);
    case "shell":
      return shellGuest(host, image.shellPrompt ?? (isSuperuser(image) ? "# " : "$ "), image.login);
    case "none":
      return guestOf(`the image ${image.name}`, host, {});
  }
}

/** What the usual prompts of a POSIX shell tell (sh(1), PS1). */
function isSuperuser({ login }: ResolvedImage): boolean {
  return login === undefined || login.user === "root";
}

function noGuest(what: string): Guest {
  const refuse = () => Promise.reject(new UnsupportedError(`${what} has no guest driver; use vm.console()`));
  const refusals = { ready: refuse, shutdown: refuse, reset: refuse, hang: refuse, tripleFault: refuse };
  return { ...refusals, watchdog: refuse, echo: refuse, info: refuse, flood: refuse };
}
