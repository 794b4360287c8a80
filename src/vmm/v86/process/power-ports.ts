import type { WatchdogName } from "./watchdogs.ts";

/** Why the guest stopped, as told on the control channel. */
export type PowerSignal =
  | { readonly event: "GUEST_RESET"; readonly cause: "keyboard-controller" | "cf9" | "port92" | "unknown" }
  | { readonly event: "GUEST_SHUTDOWN"; readonly cause: "acpi-s5" | "acpi-s4" }
  | { readonly event: "GUEST_SHUTDOWN"; readonly cause: "debug-exit"; readonly value: number }
  | { readonly event: "GUEST_CRASH"; readonly cause: "triple-fault" | "pvpanic"; readonly detail: string }
  | { readonly event: "GUEST_WATCHDOG"; readonly cause: WatchdogName };

/** PM1a_CNT of the PIIX4 power-management block that v86 models: fixed at B000h + 4. */
const PM1_CONTROL = 0xb004;

/**
 * Watches writes to the ports that reset a PC or power it off. v86 itself knows fewer of them: it ignores port 92h and
 * the ACPI sleep bits, and resets on CF9h only after a write of 02h.
 */
export class PowerPorts {
  #outputPortNext = false;

  /** What an 8-bit write asks for, if anything. */
  write8(port: number, value: number): PowerSignal | undefined {
    switch (port) {
      case 0x64:
        this.#outputPortNext = value === 0xd1;
        // 8042: commands F0h–FFh pulse the lines whose bits are 0; line 0 is the CPU's reset.
        return (value & 0xf1) === 0xf0 ? reset("keyboard-controller") : undefined;
      case 0x60: {
        const isReset = this.#outputPortNext && (value & 1) === 0;
        this.#outputPortNext = false;
        return isReset ? reset("keyboard-controller") : undefined;
      }
      case 0x92:
        return (value & 1) === 1 ? reset("port92") : undefined;
      case 0xcf9:
        // Reset control register: bit 2 (RST_CPU).
        return (value & 4) === 4 ? reset("cf9") : undefined;
      case PM1_CONTROL + 1:
        return sleep(value << 8);
      default:
        return undefined;
    }
  }

  /** What a 16- or 32-bit write asks for, if anything. */
  write16(port: number, value: number): PowerSignal | undefined {
    return port === PM1_CONTROL ? sleep(value) : undefined;
  }
}

function reset(cause: "keyboard-controller" | "cf9" | "port92"): PowerSignal {
  return { event: "GUEST_RESET", cause };
}

// ACPI 6.5 §4.8.3.2.1: SLP_EN is bit 13, SLP_TYPx bits 10-12. The PIIX4's types, as SeaBIOS's DSDT has them: S5 is 0,
// S3 is 1, S4 is 2. v86 has no S3: the guest just goes on.
function sleep(control: number): PowerSignal | undefined {
  if ((control & 0x2000) === 0) return undefined;
  const type = (control >> 10) & 7;
  if (type === 0) return { event: "GUEST_SHUTDOWN", cause: "acpi-s5" };
  if (type === 2) return { event: "GUEST_SHUTDOWN", cause: "acpi-s4" };
  return undefined;
}
