import type { BootKind } from "../machine/machine.ts";
import type { AcceleratorName } from "../machine/placement.ts";

/**
 * How long a test may take when it does not say so itself, in seconds: a test's time begins when its memory is
 * leased and its image is there, and includes its hooks. About ten times what a boot takes on two idle cores, since
 * a CI host is seldom idle: petri-guest boots in 0.1 s under TCG (OVMF 3 s), Debian's kernel in 4 s (through OVMF 12 s).
 */
export const testSeconds: Readonly<Record<Speed, Readonly<Record<Weight, Readonly<Record<BootKind, number>>>>>> = {
  hardware: {
    small: { kernel: 10, pcat: 10, uefi: 30 },
    system: { kernel: 45, pcat: 60, uefi: 90 },
  },
  emulated: {
    small: { kernel: 15, pcat: 20, uefi: 60 },
    system: { kernel: 90, pcat: 120, uefi: 240 },
  },
};

/** Whether guest code runs on the processor itself. */
export type Speed = "hardware" | "emulated";
/** petri-guest is small; everything else is taken for an operating system. */
export type Weight = "small" | "system";

function speedOf(accelerator: AcceleratorName | undefined): Speed {
  return accelerator === undefined || accelerator === "tcg" || accelerator === "jit" ? "emulated" : "hardware";
}

export function testTimeoutMs(
  cell: { readonly accelerator: AcceleratorName | undefined; readonly boot: BootKind; readonly weight: Weight },
  scale: number,
): number {
  return testSeconds[speedOf(cell.accelerator)][cell.weight][cell.boot] * 1000 * scale;
}
