import type { Action, ConsoleName } from "../machine/machine.ts";

/** What the guest did; `vmm-error` is what the VMM did (design: "Vocabulary"). */
export type PowerKind = "reset" | "shutdown" | "hibernate" | "crash" | "watchdog" | "halted" | "vmm-error";

/** What made it happen, as far as the evidence goes. */
export type PowerCause =
  | "triple-fault"
  | "kernel-panic"
  | "acpi-s5"
  | "acpi-s4"
  | "keyboard-controller"
  | "cf9"
  | "port92"
  | "acpi-reset"
  | "firmware-reset"
  | "pvpanic"
  | "i6300esb"
  | "ib700"
  | "itco"
  | "wdat"
  | "heartbeat"
  | "debug-exit"
  | "host"
  | "unknown";

export interface PowerEvent {
  readonly kind: PowerKind;
  readonly cause: PowerCause;
  /** The machine's action for this kind; `none` for kinds that have no action of their own. */
  readonly action: Action | "none";
  /** What the verdict rests on, in words: control-channel lines, log lines, exit status. */
  readonly evidence: readonly string[];
  /** `reported`: the VMM said so. `inferred`: concluded from something weaker. */
  readonly confidence: "reported" | "inferred";
  /** Nanoseconds since the VM's trace began. */
  readonly at: number;
  /** How many bytes each console had produced when the event happened. */
  readonly offsets: Readonly<Partial<Record<ConsoleName, number>>>;
  /** Position in the journal, from 0. */
  readonly index: number;
}

/** OpenVMM's action for a kind of event; hibernate follows shutdown. */
export function actionFor(kind: PowerKind, actions: Record<"reset" | "shutdown" | "crash" | "watchdog", Action>) {
  switch (kind) {
    case "reset":
    case "shutdown":
    case "crash":
    case "watchdog":
      return actions[kind];
    case "hibernate":
      return actions.shutdown;
    case "halted":
    case "vmm-error":
      return "none";
  }
}
