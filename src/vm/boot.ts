import type { ChannelChoice } from "../guest/choose-channel.ts";
import type { Host } from "../host/host.ts";
import { localHost } from "../host/local.ts";
import { prepareRecorder } from "../host/recording.ts";
import type { Relay } from "../host/relay.ts";
import { newRunDirectory, type RunDirectory } from "../host/run-directory.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import type { ChannelName } from "../machine/channel.ts";
import { UnsupportedError, UsageError } from "../machine/errors.ts";
import type { Machine, MachineInput } from "../machine/machine.ts";
import type { Placement } from "../machine/placement.ts";
import { mergeSettings, namedPrograms } from "../machine/settings.ts";
import { parseMachine } from "../machine/validate.ts";
import type { OracleSettings } from "../oracle/policy.ts";
import type { EvidenceSource } from "../power/causes.ts";
import { timeoutMs } from "../power/wait.ts";
import type { UntimedEvent } from "../trace/event.ts";
import { TraceWriter } from "../trace/writer.ts";
import type { Detection, LifeSettings, Replay, RunningVmm } from "../vmm/contract.ts";
import { vmmNamed } from "../vmm/registry.ts";
import { applyImage, type MachinePart } from "./apply-image.ts";
import { type BackendOptions, joinRelays, openBackends } from "./carry-backends.ts";
import { channelFor } from "./channel-for.ts";
import { checkFiles } from "./check-files.ts";
import { checkHost } from "./check-host.ts";
import { choosePlacement, detectAll, detectionOf, supportReasons } from "./detection.ts";
import { MachinePorts } from "./machine-ports.ts";
import { digestFiles, filesOf, planRecordOf } from "./plan-record-of.ts";
import { checkRestartLimit } from "./restart-limit.ts";
import type { VirtualMachine } from "./virtual-machine.ts";
import type { Watched, watchVm } from "./watch-vm.ts";

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
  /** Evidence that no verdict on the guest's power may rest on: what is told without it shows what it was worth. */
  readonly withoutEvidence?: readonly EvidenceSource[] | undefined;
  /** How programs run in the guest; the image's own choice if absent, else the best there is. */
  readonly channel?: ChannelName | undefined;
  /** The address of the run's lease broker: VMs that share it share no CID of the host's vsock. */
  readonly leases?: string | undefined;
  /**
   * How many times in a row the guest may restart while somebody waits and no wait is met: one more is a boot loop, and
   * the VM fails with NoProgress. 10 if absent, and any number of a kind of event that `vm.power.allow()` allows.
   */
  readonly restartsAtMost?: number | undefined;
  /** Repeats a recorded run of this very machine instead of starting a new one. */
  readonly replay?: Replay | undefined;
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
    options.detections ?? (await detectAll(host, { overrides: programsOfEnvironment(), ...signalOf(options) }));
  const placement = choosePlacement(machine, options.placement ?? {}, detections);
  const reasons = supportReasons(machine, placement, detections);
  if (reasons.length > 0) throw UnsupportedError.of(reasons, `${placement.vmm} cannot run this machine`);
  checkVmlinux(options);
  checkRestartLimit(options.restartsAtMost);
  const channel = channelFor(machine, options.image, options.channel);
  await checkHost(machine, host);
  options.signal?.throwIfAborted();
  const relays = await openBackends(machine, options);
  try {
    return await launch(
      machine,
      placement,
      detectionOf(placement.vmm, detections),
      host,
      { ...options, channel },
      relays,
    );
  } catch (error) {
    for (const relay of relays) relay.close();
    throw error;
  }
}

function checkVmlinux({ vmlinux }: BootOptions): void {
  if (vmlinux === undefined || localHost.readable(vmlinux)) return;
  throw new UsageError(`vmlinux ${vmlinux} cannot be read: name the kernel's ELF file with symbols`);
}

/** What `PETRI_*` variables name of the host. */
function programsOfEnvironment(): Record<string, string | undefined> {
  return namedPrograms(mergeSettings({ env: process.env, cwd: process.cwd() }));
}

function signalOf(options: Pick<BootOptions, "signal">): { signal?: AbortSignal } {
  return options.signal ? { signal: options.signal } : {};
}

function replayOf({ replay }: Pick<BootOptions, "replay">): { replay?: Replay } {
  return replay ? { replay } : {};
}

async function launch(
  machine: Machine,
  placement: Placement,
  detection: Detection,
  host: Host,
  options: Omit<BootOptions, "channel"> & { readonly channel: ChannelChoice | undefined },
  relays: readonly Relay[],
): Promise<VirtualMachine> {
  const vmm = vmmNamed(placement.vmm);
  const clockStart = process.hrtime.bigint();
  const trace = TraceWriter.open(options.traceDir, { clockStart });
  let run: RunDirectory | undefined;
  let running: RunningVmm | undefined;
  let watched: Watched | undefined;
  // Few machines have one.
  const vsock = machine.vsock && new (await import("./machine-vsock.ts")).MachineVsock(machine, options.leases);
  const ports = new MachinePorts();
  try {
    run = newRunDirectory();
    const { path: runDir, remove } = run;
    const paths = {
      runDir,
      traceDir: options.traceDir,
      hasFifos: host.hasFifos,
      ...(await vsock?.cid()),
      ...replayOf(options),
    };
    const plan = vmm.plan(machine, paths, detection, placement.accelerator);
    trace.writeMachine(machine);
    trace.writePlacement({ ...placement, accelerator: plan.accelerator });
    trace.writePlan(planRecordOf(plan, detection, {}));
    const budgetMs = progressBudget(options.progressWithin);
    const stopDigests = new AbortController();
    const faults: Error[] = [];
    const fault = (error: Error) => void (watched ? watched.vm.fail(error) : faults.push(error));
    const early: Parameters<LifeSettings["onBytes"]>[] = [];
    const loaded: { watch?: typeof watchVm } = {};
    const { withoutEvidence = [] } = options;
    const record = (event: UntimedEvent) => {
      try {
        trace.append(event);
      } catch (error) {
        fault(error as Error); // append throws HostErrors
      }
    };
    await vsock?.open(plan, { onFault: fault, onNote: (text) => record({ kind: "note", text }) });
    await ports.open(plan);
    const started = await vmm.launch(plan, paths, host, {
      ...{ clockStart, withoutEvidence, ...signalOf(options) },
      onBytes: (...news) => void (watched ? watched.consoles.advance(...news) : early.push(news)),
      onFault: fault,
      onSpawn: (pid) => record({ kind: "vm", what: "spawned", pid }),
      whileStarting: async () => {
        loaded.watch = await loadWatch();
      },
    });
    running = started;
    if (started.pid !== undefined) trace.append({ kind: "vm", what: "spawned", pid: started.pid });
    const watch = loaded.watch ?? (await loadWatch());
    watched = watch({
      ...{
        machine,
        placement,
        plan,
        image: options.image,
        running,
        vsock,
        ports,
        trace,
        budgetMs,
        record,
        withoutEvidence,
      },
      channel: options.channel,
      ...{ vmlinux: options.vmlinux, oracle: options.oracle, restartsAtMost: options.restartsAtMost },
      defaultTimeoutMs: () => options.waitTimeoutMs ?? defaultWaitMs,
      release: () => {
        stopDigests.abort();
        for (const relay of relays) relay.close();
        ports.close();
        remove();
      },
    });
    const { vm, consoles } = watched;
    for (const news of early) consoles.advance(...news);
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
    await (watched?.vm ?? running)?.quit().catch(() => {});
    await vsock?.close();
    ports.close();
    run?.remove();
    trace.close();
    throw vsock ? vsock.explain(error) : error;
  }
}

/** What watches a VM is half of Petri: it is loaded while the VMM, a process of its own, is starting. */
async function loadWatch(): Promise<typeof watchVm> {
  return (await import("./watch-vm.ts")).watchVm;
}

/** Throws UsageError for what is no time above 0. */
function progressBudget(within: number | string | undefined): number | undefined {
  if (within === undefined) return undefined;
  const ms = timeoutMs(within, () => 0);
  if (ms > 0) return ms;
  throw new UsageError("progressWithin: 0 would fail every wait; leave it out to have no limit");
}
