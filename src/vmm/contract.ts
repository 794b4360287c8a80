import type { Host } from "../host/host.ts";
import type { VsockPlan, VsockTransport } from "../host/vsock/vsock.ts";
import type { BootKind, ConsoleName, Machine, WatchdogName } from "../machine/machine.ts";
import type { AcceleratorName, VmmName } from "../machine/placement.ts";
import type { EvidenceSource } from "../power/causes.ts";
import type { PowerCause, PowerKind } from "../power/event.ts";

/** Facts about one VMM on one host, each proven there. Plain JSON: it travels to test workers. */
export interface Detection {
  readonly vmm: VmmName;
  readonly present: boolean;
  /** A stand-in of Petri's own for a VMM that this host cannot have: what it runs proves nothing of the real one. */
  readonly isDouble?: boolean;
  /** The operating system it needs, where this host has another. */
  readonly needsHost?: string;
  /** It is not here, and nobody named it: a matrix that does not either leaves it out. */
  readonly isUnasked?: boolean;
  /** Why it is not usable, or what is worth knowing; one sentence each. */
  readonly notes: readonly string[];
  /** The exact command or setting that mends what is missing. */
  readonly fixes: readonly string[];
  readonly binary?: string;
  readonly version?: string;
  readonly accelerators: readonly AcceleratorFinding[];
  readonly firmware: readonly FirmwareFinding[];
  /** `VARIABLE=PATH` of firmware that the user named and that cannot be read: none is used instead. */
  readonly unreadable?: readonly string[];
  /** How a guest's vsock can be reached here; absent where nobody looked. */
  readonly vsock?: readonly VsockFinding[];
}

export interface VsockFinding {
  readonly transport: VsockTransport;
  readonly works: boolean;
  /** Why it does not. */
  readonly reason?: string;
}

export interface AcceleratorFinding {
  readonly name: AcceleratorName;
  /** True only if guest code ran under it: a device node proves nothing. */
  readonly works: boolean;
  /** The CPU model it was proven with, where the VMM's best one for it does not work. */
  readonly cpuModel?: string;
  /** Widest CPU mode the probe guest reached, in bits. */
  readonly cpuMode?: 16 | 32 | 64;
  readonly reason: string;
  readonly bootMs?: number;
  /** What a machine may say of its processors; absent where the VMM does not tell. */
  readonly cpu?: CpuNames;
}

/** Names of CPU models and features, as the VMM's command line has them. */
export interface CpuNames {
  readonly models: readonly string[];
  readonly features: readonly string[];
  /** Those of the features that the accelerator cannot give a guest: the VMM would leave them out with a warning. */
  readonly lacks: readonly string[];
}

export interface FirmwareFinding {
  readonly boot: BootKind;
  readonly code: string;
  /** UEFI: the variable store to copy for each VM. */
  readonly nvram?: string;
  /** PCAT: the display's option ROM, for a VMM that has none of its own. */
  readonly vgaBios?: string;
  readonly name: string;
  readonly source: string;
}

/** One reason why a machine cannot run on a VMM: the axis, and what to do about it. */
export interface Refusal {
  readonly axis: string;
  readonly reason: string;
}

/** The files and sockets of one VM's run directory. */
export interface RunPaths {
  /** Short and private: Unix socket paths are at most 107 bytes (unix(7)). */
  readonly runDir: string;
  /** Where logs stay after the run. */
  readonly traceDir: string;
  /** Whether the host's named pipes can carry a console; sockets do if not said. */
  readonly hasFifos?: boolean;
  /** The CID that was leased for this VM, where the host's kernel shares them out. */
  readonly vsockCid?: number;
  /** A recorded run to repeat. */
  readonly replay?: Replay;
}

export interface Replay {
  /** The VMM's own record of what came to the guest from outside. */
  readonly recording: string;
  /** Whether a debugger may go back in it. */
  readonly isReversible: boolean;
}

/** What launching takes: data only, so it can be printed, recorded and pinned by snapshots. */
export interface VmmPlan {
  readonly vmm: VmmName;
  readonly accelerator: AcceleratorName;
  readonly run: NativeCommand;
  /** What else is run, for a VM whose life is more than one process. */
  readonly steps?: PlanSteps;
  /** The console that is the standard input and output of `run`. */
  readonly stdio?: ConsoleName;
  /** Consoles by name: the socket the VMM connects to. */
  readonly consoles: Readonly<Partial<Record<ConsoleName, string>>>;
  /** Those of them that are not a socket but two named pipes, `PATH.in` and `PATH.out`. */
  readonly fifos?: readonly ConsoleName[];
  /** The socket of the VMM's control channel, if it has one. */
  readonly control?: string;
  /** virtio-serial ports by name: the socket the VMM connects to; whoever launches listens first. */
  readonly ports?: Readonly<Record<string, string>>;
  /** How the guest's vsock is reached; whoever launches opens it first. */
  readonly vsock?: VsockPlan;
  /** Files made before the VMM starts. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  readonly files?: readonly { readonly path: string; readonly text: string }[];
  /** Disk images made into raw ones before the VMM starts, for a VMM that reads no other. */
  readonly conversions?: readonly { readonly from: string; readonly format: string; readonly to: string }[];
  /** Events at which the VMM ends by itself, each with the status that it then ends with. */
  readonly exits?: Readonly<Partial<Record<PowerKind, number>>>;
  /** What the firmware does on a warm reset, for the driver. */
  readonly firmware: "seabios" | "ovmf" | "none";
  /** True if a disk or a recording keeps what is written: the VMM must be asked to end, not killed. */
  readonly isPersistent: boolean;
  /** Whether all that comes to the guest is recorded, so that nothing may come another way. */
  readonly isRecorded?: boolean;
  /** Whether the guest is given what a recording holds; where that ends the VMM ends. */
  readonly isReplay?: boolean;
  /** The watchdog device that the machine gets: what `any` came to. */
  readonly watchdog?: WatchdogName;
  readonly notes: readonly string[];
}

export interface NativeCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** A machine as commands for a person to run, without a harness. */
export interface NativeScript extends Pick<VmmPlan, "run" | "steps" | "copies" | "files"> {
  /** What these commands say of the machine: the rest of it is not carried. */
  readonly said: Machine;
}

/** Commands that are run beside `run`: each to its end, one after the other. */
export interface PlanSteps {
  /** Once, before all else. */
  readonly prepare: readonly PlanStep[];
  /** Before each start of `run`: the first one, and those after a reset. */
  readonly load: readonly PlanStep[];
  /** Once the VM is over, however it ended. */
  readonly cleanUp: readonly PlanStep[];
}

export interface PlanStep extends NativeCommand {
  /** Its standard input; none if absent. */
  readonly input?: string;
  /** True where its failure tells nothing, such as that of clearing what is not there. */
  readonly mayFail?: boolean;
}

/** A power event as the VMM reports it, before the machine's action is looked up. */
export interface VmmEvent {
  readonly kind: PowerKind;
  readonly cause: PowerCause;
  readonly evidence: readonly string[];
  readonly confidence: "reported" | "inferred";
  /** Nanoseconds since the trace's start. */
  readonly at: number;
  readonly offsets: Readonly<Partial<Record<ConsoleName, number>>>;
}

export interface VmmEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** True if we asked for it. */
  readonly expected: boolean;
  readonly stderrTail: string;
  /** Nanoseconds since the trace's start. */
  readonly at: number;
  /** Bytes each console had produced. */
  readonly offsets: Readonly<Partial<Record<ConsoleName, number>>>;
}

/**
 * A VM's life, not a pid. After every power event but `halted` the guest is stopped: the one who listens decides
 * between `reset()` and `quit()`, or leaves it for inspection.
 */
export interface RunningVmm {
  readonly capture: "from-reset" | "best-effort";
  /** Of the process that is the VM; undefined where several are, of which `onSpawn` tells. */
  readonly pid: number | undefined;
  onEvent(listener: (event: VmmEvent) => void): void;
  /** Lets the paused guest run: the first call starts it from its reset vector. */
  resume(): Promise<void>;
  pause(): Promise<void>;
  /** Why a guest that this event stopped cannot be resumed as it stands; undefined if it can. */
  cannotContinue(event: Pick<VmmEvent, "kind" | "cause">): string | undefined;
  /** Back to the reset vector, and on. */
  reset(): Promise<void>;
  /** Ends the VMM: asks, then kills the process group. Idempotent; resolves when nothing is left. */
  quit(): Promise<void>;
  /** A secret is sent, and only its length recorded. */
  write(console: ConsoleName, bytes: Uint8Array, isSecret?: boolean): void;
  /** Settles once, when the VMM process is gone and every console byte has been recorded. */
  readonly ended: Promise<VmmEnd>;
  readonly facets: Partial<Facets>;
}

/** Optional abilities. A VMM that lacks one leaves it out. */
export interface Facets {
  /** The guest's display as a PNG, and what it says as text. */
  screenshot: (path: string) => Promise<void>;
  screenText: () => Promise<string>;
  powerButton: () => Promise<void>;
  /** Every vCPU's registers as text, one or more a line, in the VMM's own words. */
  registers: () => Promise<string>;
  /** Whether every vCPU is in HLT with interrupts off: only an NMI or a reset would move it again. */
  isHaltedForGood: () => Promise<boolean>;
  /**
   * Writes the guest's physical memory to a file, as an ELF core with the registers of each vCPU in its notes: as large
   * as the RAM. A running guest stands still meanwhile.
   */
  dumpMemory: (path: string) => Promise<void>;
  /** A non-maskable interrupt to every vCPU. */
  nmi: () => Promise<void>;
  /** Listens on a Unix socket for GDB's remote protocol: `target remote PATH`. The guest stops when a debugger comes. */
  gdb: (path: string) => Promise<void>;
  /** Wakes a guest that sleeps (ACPI S3), or that is just falling asleep. Rejects with TimeoutError if it does not. */
  wake: () => Promise<void>;
}
export type FacetName = keyof Facets;

export interface Vmm {
  readonly name: VmmName;
  /** Never throws for "absent". A probe that runs out of time on the last resort is an error. */
  detect(host: Host, settings: DetectSettings): Promise<Detection>;
  /** Every reason this machine cannot run here; empty means it can. Pure. */
  support(machine: Machine, detection: Detection, accelerator?: AcceleratorName): Refusal[];
  /** Pure. Throws UnsupportedError if `support()` has a refusal. */
  plan(machine: Machine, paths: RunPaths, detection: Detection, accelerator?: AcceleratorName): VmmPlan;
  /** The same for a person: no socket of a harness's in it. plan()'s commands are the person's too if absent. */
  script?(machine: Machine, paths: RunPaths, detection: Detection, accelerator?: AcceleratorName): NativeScript;
  launch(plan: VmmPlan, paths: RunPaths, host: Host, life: LifeSettings): Promise<RunningVmm>;
}

export interface DetectSettings {
  /** Programs and firmware named by the user, from config or `PETRI_*`. */
  readonly overrides: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

export interface LifeSettings {
  readonly clockStart: bigint;
  readonly signal?: AbortSignal;
  /** Called when a console has new bytes: `end` in all, the last of which came at `at` (ns since the trace's start). */
  readonly onBytes: (console: ConsoleName, end: number, at: number) => void;
  /** A fault on our side while the VM runs, such as a full disk. */
  readonly onFault: (error: Error) => void;
  /** Called with each process that runs the guest, where the VM is more than one. */
  readonly onSpawn?: (pid: number) => void;
  /** Called once the VMM's process is there: `launch` resolves no sooner than this does. */
  readonly whileStarting?: () => Promise<void>;
  /** Evidence that no verdict on the guest's power may rest on. */
  readonly withoutEvidence?: readonly EvidenceSource[];
}
