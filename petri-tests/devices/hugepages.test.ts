import { readFileSync } from "node:fs";
import { expect, matrix, vmTest } from "petri-vm/test";
import { pidOf } from "./vmm-process.ts";

const memory = { size: "64M", hugepages: true, hugepageSize: "2M", prefetch: true } as const;
const wantedPages = 32;
const pool = "/sys/kernel/mm/hugepages/hugepages-2048kB";

/** Why this host cannot, and what mends it. */
function lacking(): string | undefined {
  try {
    const free = Number(readFileSync(`${pool}/free_hugepages`, "utf8"));
    if (free >= wantedPages) return undefined;
  } catch {
    return "this host has no huge pages of 2M";
  }
  return `this host has no ${wantedPages} huge pages of 2M free: sudo sysctl vm.nr_hugepages=${wantedPages}`;
}

const on = matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest", except: () => lacking() ?? false });

vmTest("RAM in huge pages is made of them, all of it", { on, machine: { memory } }, async ({ vm, guest }) => {
  await guest.ready();
  expect(await guest.echo("from a huge page")).toBe("from a huge page");
  // proc_pid_smaps(5): pages of hugetlbfs that the process has mapped, and no others.
  const rollup = readFileSync(`/proc/${pidOf(vm)}/smaps_rollup`, "utf8");
  const kib = [...rollup.matchAll(/^(?:Shared|Private)_Hugetlb:\s+(\d+) kB$/gm)].map(([, size]) => Number(size));
  expect(kib).toHaveLength(2);
  expect(kib.reduce((sum, each) => sum + each, 0)).toBe(64 * 1024);
});
