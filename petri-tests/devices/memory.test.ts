import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";
import { pidOf } from "./vmm-process.ts";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" });

/** What another process reads in the file that backs guest RAM (memfd_create(2)), or undefined without one. */
function backingOf(pid: number): Buffer | undefined {
  const folder = `/proc/${pid}/fd`;
  const name = readdirSync(folder).find((fd) => readlinkSync(join(folder, fd)).startsWith("/memfd:"));
  if (name === undefined) return undefined;
  const file = openSync(join(folder, name), "r");
  try {
    const bytes = Buffer.alloc(64 * 2 ** 20);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

vmTest(
  "shared RAM is memory that another process reads the running guest's bytes from",
  { on, machine: { memory: { size: "64M", shared: true } } },
  async ({ vm, guest }) => {
    await guest.ready();
    const ram = backingOf(pidOf(vm));
    expect(ram?.length).toBe(64 * 2 ** 20);
    expect(ram?.includes("petri-guest ready")).toBe(true);
    // Not only what was loaded before the start: a line that the guest has read.
    expect(await guest.echo("seen from outside")).toBe("seen from outside");
    expect(backingOf(pidOf(vm))?.includes("seen from outside")).toBe(true);
  },
);

vmTest(
  "RAM that is not said to be shared, or is private, cannot be mapped by others",
  { on, vms: 3 },
  async ({ vm, guest, boot }) => {
    await guest.ready();
    expect(backingOf(pidOf(vm))).toBeUndefined();
    const other = await boot({ machine: { memory: { size: "64M", shared: false, prefetch: true } } });
    await other.guest.ready();
    expect(backingOf(pidOf(other))?.includes("petri-guest ready")).toBe(false);
  },
);
