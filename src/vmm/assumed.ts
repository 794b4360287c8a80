import type { AcceleratorName, VmmName } from "../machine/placement.ts";
import type { Detection, FirmwareFinding } from "./contract.ts";

interface Usual {
  readonly binary: string;
  readonly version?: string;
  readonly accelerator: AcceleratorName;
  readonly firmware: readonly FirmwareFinding[];
}

const source = "where its packages put it";

/** Where a VMM's own packages put it and its firmware. */
const usual: Partial<Record<VmmName, Usual>> = {
  qemu: {
    ...{ binary: "qemu-system-x86_64", accelerator: "tcg" },
    firmware: [
      {
        ...{ boot: "uefi", code: "/usr/share/OVMF/OVMF_CODE_4M.fd", nvram: "/usr/share/OVMF/OVMF_VARS_4M.fd" },
        ...{ name: "OVMF", source },
      },
    ],
  },
  bhyve: {
    ...{ binary: "bhyve", version: "15.0", accelerator: "bhyve-vmm" },
    firmware: [
      {
        ...{ boot: "uefi", code: "/usr/local/share/uefi-firmware/BHYVE_UEFI_CODE.fd" },
        ...{ nvram: "/usr/local/share/uefi-firmware/BHYVE_UEFI_VARS.fd", name: "edk2-bhyve", source },
      },
      { boot: "kernel", code: "grub-bhyve", name: "grub-bhyve", source },
    ],
  },
  vmctl: {
    ...{ binary: "vmctl", version: "7.7", accelerator: "vmm" },
    firmware: [{ boot: "pcat", code: "/etc/firmware/vmm-bios", name: "vmm-bios", source }],
  },
  openvmm: { binary: "openvmm", accelerator: "kvm", firmware: [] },
};

/** A detection of a VMM that is elsewhere, for commands to be run there; undefined where nothing usual is known. */
export function assumedDetection(vmm: VmmName): Detection | undefined {
  const found = usual[vmm];
  if (found === undefined) return undefined;
  const { accelerator, ...facts } = found;
  const accelerators = [{ name: accelerator, works: true, reason: "assumed" }];
  return { vmm, present: true, notes: [], fixes: [], accelerators, ...facts };
}
