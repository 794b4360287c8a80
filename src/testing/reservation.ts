import type { Resources } from "../host/leases.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import { UsageError } from "../machine/errors.ts";
import type { VmmName } from "../machine/placement.ts";
import { humanSize } from "../machine/size.ts";
import { parseMachine } from "../machine/validate.ts";
import { applyImage, type MachinePart } from "../vm/apply-image.ts";

/** What a VMM takes beside the guest's memory: QEMU's own heap and firmware, v86's Node process. */
const overheadBytes = { qemu: 96, openvmm: 96, bhyve: 32, vmctl: 32, v86: 192 } satisfies Record<VmmName, number>;

/** What one VM takes of its host. */
export function resourcesOf(machine: MachinePart, image: ResolvedImage | undefined, vmm: VmmName): Resources {
  const { memory, processors } = parseMachine(image ? applyImage(machine, image) : machine);
  return { memoryBytes: memory.size + overheadBytes[vmm] * 2 ** 20, vcpus: processors.count };
}

/**
 * What a test has leased for all its VMs, taken at once so that two tests never wait for each other's. More VMs than
 * reserved are refused, not waited for.
 */
export class Reservation {
  readonly total: Resources;
  private readonly vms: number;
  private left: Resources;

  constructor(one: Resources, vms: number) {
    this.vms = vms;
    this.total = { memoryBytes: one.memoryBytes * vms, vcpus: one.vcpus * vms };
    this.left = this.total;
  }

  /** Takes a VM's share; the returned function gives it back, once. Throws UsageError when the reservation is used up. */
  take(wanted: Resources): () => void {
    const { memoryBytes, vcpus } = this.left;
    if (wanted.memoryBytes > memoryBytes || wanted.vcpus > vcpus) {
      throw new UsageError(
        [
          `the test reserved ${humanSize(this.total.memoryBytes)} and ${this.total.vcpus} vCPUs for ${this.vms} VM${this.vms === 1 ? "" : "s"}; this one needs ${humanSize(wanted.memoryBytes)} and ${wanted.vcpus}, ${humanSize(memoryBytes)} and ${vcpus} are left`,
          `reserve for more of the cell's machines: vmTest(name, { vms: ${this.vms + 1} }, …)`,
        ].join("\n  "),
      );
    }
    this.left = { memoryBytes: memoryBytes - wanted.memoryBytes, vcpus: vcpus - wanted.vcpus };
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.left = {
        memoryBytes: this.left.memoryBytes + wanted.memoryBytes,
        vcpus: this.left.vcpus + wanted.vcpus,
      };
    };
  }
}
