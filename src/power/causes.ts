import type { AcceleratorName, VmmName } from "../machine/placement.ts";
import type { PowerCause, PowerEvent, PowerKind } from "./event.ts";

/** What a verdict may rest on, and what that is. */
export const evidenceSources = {
  events: "an event on the VMM's control channel",
  state: "the run state that the VMM tells when asked",
  "reset-log": "QEMU's log of CPU resets (`-d cpu_reset`)",
  "device-trace": "QEMU's trace of what the guest writes to the keyboard controller and to port 92",
  registers: "the vCPUs' registers and code, read while the guest stands still",
  console: "a panic that the oracle read on a console of the same boot",
  log: "a line of the VMM's log",
  "exit-status": "the status that the VMM's process ended with",
  silence: "a console on which a guest that runs said nothing for longer than its heartbeat allows",
} as const;
export type EvidenceSource = keyof typeof evidenceSources;
type Confidence = PowerEvent["confidence"];

/** One cause on one VMM: what is reported when it happens, and what that rests on. */
interface CauseRow {
  readonly vmm: VmmName;
  /** Those under which it is told this way. */
  readonly accelerators: readonly AcceleratorName[];
  readonly cause: PowerCause;
  readonly kind: PowerKind;
  /** Each is enough by itself; the first that is there counts. */
  readonly known: Readonly<Partial<Record<EvidenceSource, Confidence>>>;
  /** Kind of the event, whose cause is `unknown`, where nothing tells; `nothing`: the guest seems to run on. */
  readonly otherwise: PowerKind | "nothing";
  /** How sure that event is. */
  readonly otherwiseIs: Confidence;
}

const onQemu = ["kvm", "hvf", "whp", "tcg"] as const;
/** Under tcg it is a contract double. */
const onOpenvmm = ["kvm", "mshv", "whp", "hvf", "tcg"] as const;

function rows(
  vmm: VmmName,
  accelerators: CauseRow["accelerators"],
  kind: PowerKind,
  causes: readonly PowerCause[],
  known: CauseRow["known"],
  otherwise: CauseRow["otherwise"],
  otherwiseIs: Confidence = "reported",
): CauseRow[] {
  return causes.map((cause) => ({ vmm, accelerators, cause, kind, known, otherwise, otherwiseIs }));
}

/** What each VMM can tell apart. Tests, classifiers and docs/power.md read it. */
export const causeTable: readonly CauseRow[] = [
  ...rows("qemu", onQemu, "shutdown", ["acpi-s5"], { events: "reported" }, "shutdown"),
  ...rows("qemu", onQemu, "hibernate", ["acpi-s4"], { events: "reported" }, "shutdown"),
  ...rows("qemu", onQemu, "crash", ["pvpanic"], { events: "reported", state: "inferred" }, "nothing"),
  // The machine has one watchdog at most: QEMU's event need not name it.
  ...rows(
    "qemu",
    onQemu,
    "watchdog",
    ["i6300esb", "ib700", "itco"],
    { events: "reported", state: "inferred" },
    "nothing",
  ),
  ...rows("qemu", ["tcg"], "crash", ["triple-fault"], { "reset-log": "reported" }, "reset"),
  ...rows("qemu", ["kvm"], "crash", ["triple-fault"], { registers: "inferred" }, "reset"),
  ...rows("qemu", ["hvf", "whp"], "crash", ["triple-fault"], {}, "reset"),
  // KVM stops a vCPU right behind the instruction that asked for the reset; the others do some instructions later.
  ...rows(
    "qemu",
    ["kvm"],
    "reset",
    ["keyboard-controller", "port92"],
    { "device-trace": "reported", registers: "inferred" },
    "reset",
  ),
  ...rows(
    "qemu",
    ["hvf", "whp", "tcg"],
    "reset",
    ["keyboard-controller", "port92"],
    { "device-trace": "reported" },
    "reset",
  ),
  // QEMU 7.2 traces no write to port 0xCF9, which the ACPI reset register (q35) and OVMF use as well.
  ...rows("qemu", onQemu, "reset", ["cf9", "acpi-reset", "firmware-reset"], { registers: "inferred" }, "reset"),
  ...rows("qemu", onQemu, "crash", ["kernel-panic"], { console: "inferred" }, "reset"),
  ...rows("qemu", onQemu, "shutdown", ["debug-exit"], { "exit-status": "inferred" }, "vmm-error"),
  ...rows("qemu", onQemu, "watchdog", ["heartbeat"], { silence: "inferred" }, "nothing"),
  // bhyve ends at each change of power, and its status says which; not by what a guest has made itself reset.
  ...rows("bhyve", ["bhyve-vmm"], "shutdown", ["acpi-s5"], { "exit-status": "reported" }, "vmm-error"),
  ...rows("bhyve", ["bhyve-vmm"], "crash", ["triple-fault"], { "exit-status": "reported" }, "vmm-error"),
  ...rows(
    "bhyve",
    ["bhyve-vmm"],
    "reset",
    ["keyboard-controller", "port92", "cf9", "acpi-reset", "firmware-reset"],
    {},
    "reset",
  ),
  ...rows("bhyve", ["bhyve-vmm"], "crash", ["kernel-panic"], { console: "inferred" }, "reset"),
  ...rows("bhyve", ["bhyve-vmm"], "watchdog", ["heartbeat"], { silence: "inferred" }, "nothing"),
  // vmd takes a triple fault for a reset, and starts its guest again after either.
  ...rows("vmctl", ["vmm"], "reset", ["keyboard-controller", "port92", "cf9"], {}, "reset", "inferred"),
  ...rows("vmctl", ["vmm"], "crash", ["triple-fault"], {}, "reset", "inferred"),
  ...rows("vmctl", ["vmm"], "crash", ["kernel-panic"], { console: "inferred" }, "reset", "inferred"),
  ...rows("vmctl", ["vmm"], "watchdog", ["heartbeat"], { silence: "inferred" }, "nothing"),
  ...rows("v86", ["jit"], "shutdown", ["acpi-s5", "debug-exit"], { events: "reported" }, "nothing"),
  ...rows("v86", ["jit"], "hibernate", ["acpi-s4"], { events: "reported" }, "nothing"),
  ...rows("v86", ["jit"], "crash", ["triple-fault", "pvpanic"], { events: "reported" }, "nothing"),
  ...rows("v86", ["jit"], "watchdog", ["ib700", "wdat"], { events: "reported" }, "nothing"),
  ...rows("v86", ["jit"], "watchdog", ["heartbeat"], { silence: "inferred" }, "nothing"),
  ...rows("v86", ["jit"], "reset", ["keyboard-controller", "port92", "cf9"], { events: "reported" }, "nothing"),
  ...rows("v86", ["jit"], "crash", ["kernel-panic"], { console: "inferred" }, "reset"),
  // It says what the guest did. Each but a reset can only have been by one thing on its machine: its power management
  // alone powers off or hibernates (chipset/src/pm). Its status is one that was chosen for each kind.
  ...rows("openvmm", onOpenvmm, "shutdown", ["acpi-s5"], { log: "reported", "exit-status": "inferred" }, "nothing"),
  ...rows("openvmm", onOpenvmm, "hibernate", ["acpi-s4"], { log: "reported" }, "nothing"),
  ...rows("openvmm", onOpenvmm, "crash", ["triple-fault"], { log: "reported", "exit-status": "inferred" }, "nothing"),
  ...rows("openvmm", onOpenvmm, "watchdog", ["wdat"], { log: "reported", "exit-status": "inferred" }, "nothing"),
  ...rows("openvmm", onOpenvmm, "watchdog", ["heartbeat"], { silence: "inferred" }, "nothing"),
  ...rows(
    "openvmm",
    onOpenvmm,
    "reset",
    ["keyboard-controller", "port92", "cf9", "acpi-reset", "firmware-reset"],
    {},
    "reset",
  ),
  ...rows("openvmm", onOpenvmm, "crash", ["kernel-panic"], { console: "inferred" }, "reset"),
];

/** The row for a cause. Throws for one that the table does not have there. */
export function causeRow(vmm: VmmName, accelerator: AcceleratorName, cause: PowerCause): CauseRow {
  const found = causeTable.find(
    (row) => row.vmm === vmm && row.accelerators.includes(accelerator) && row.cause === cause,
  );
  if (found) return found;
  throw new Error(`the table of causes has no ${cause} for ${vmm} with ${accelerator}`);
}

/** How an event by that cause is reported, and how sure that is, if all sources but those left out can be read. */
export function expectedVerdict(
  row: CauseRow,
  without: readonly EvidenceSource[] = [],
): Pick<PowerEvent, "kind" | "cause" | "confidence"> | undefined {
  const left = Object.entries(row.known).find(([source]) => !without.includes(source as EvidenceSource));
  if (left) return { kind: row.kind, cause: row.cause, confidence: left[1] };
  if (row.otherwise === "nothing") return undefined;
  return { kind: row.otherwise, cause: "unknown", confidence: row.otherwiseIs };
}
