import type { Machine } from "../../machine/machine.ts";
import type { NotCarried } from "../../vmm/import.ts";

/** Firmware is built for one VMM: another one takes its own. libvirt's is that of QEMU. */
export function withoutForeignFirmware(
  machine: Machine,
  from: string,
  to: string,
): { readonly machine: Machine; readonly changed: readonly NotCarried[] } {
  const { boot } = machine;
  const source = from === "libvirt" ? "qemu" : from;
  if (source === to || boot.kind === "kernel" || boot.firmware === undefined) return { machine, changed: [] };
  const { firmware, ...rest } = boot;
  const plain = rest.kind === "uefi" ? withoutNvram(rest) : rest;
  return {
    machine: { ...machine, boot: plain },
    changed: [{ option: `boot.firmware ${firmware}`, reason: `it is built for ${source}: ${to} takes its own` }],
  };
}

function withoutNvram<T extends { nvram?: string | undefined }>(boot: T): Omit<T, "nvram"> {
  const { nvram: _, ...rest } = boot;
  return rest;
}
