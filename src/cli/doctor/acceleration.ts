import { accessSync, constants, existsSync } from "node:fs";
import type { Detection } from "../../vmm/contract.ts";

/** What could make a VMM faster here: the commands that may bring KVM, where it does not work yet. */
export function accelerationFixes({ accelerators }: Pick<Detection, "accelerators">): string[] {
  if (accelerators.find(({ name }) => name === "kvm")?.works !== false) return [];
  if (!existsSync("/dev/kvm")) {
    return ["for speed: sudo modprobe -a kvm_intel kvm_amd (in a VM, its host must allow nested virtualisation)"];
  }
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    // The right to it is there; what is behind it does not run guests, and no command of this host changes that.
    return [];
  } catch {
    return ['for speed: sudo usermod -aG kvm "$USER", then log in again'];
  }
}
