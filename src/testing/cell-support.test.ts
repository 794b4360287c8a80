import { expect, test } from "vitest";
import type { Detection } from "../vmm/contract.ts";
import type { Cell } from "./cell.ts";
import { machineOf } from "./cell-machine.ts";
import { judge } from "./cell-support.ts";
import type { Need } from "./needs.ts";

const qemu: Detection = {
  ...{ vmm: "qemu", present: true, notes: [], fixes: [], version: "7.2.0", binary: "/usr/bin/qemu-system-x86_64" },
  accelerators: [
    { name: "kvm", works: false, reason: "/dev/kvm does not run guests" },
    { name: "tcg", works: true, cpuMode: 64, reason: "ran" },
  ],
  firmware: [{ boot: "uefi", code: "/fw/code.fd", nvram: "/fw/vars.fd", name: "OVMF", source: "test" }],
};
const v86: Detection = {
  ...{ vmm: "v86", present: true, notes: [], fixes: [], version: "0.5.462", firmware: [] },
  accelerators: [{ name: "jit", works: true, cpuMode: 32, reason: "ran" }],
};
const noQemu: Detection = {
  ...{ vmm: "qemu", present: false, accelerators: [], firmware: [] },
  ...{ notes: ["qemu-system-x86_64 is not on PATH"], fixes: ["sudo apt-get install -y qemu-system-x86"] },
};

interface Case {
  readonly detections?: readonly Detection[];
  readonly require?: readonly "qemu"[];
  readonly accelerator?: readonly "tcg"[];
  readonly needs?: readonly Need[];
  readonly unbuildable?: Readonly<Record<string, string>>;
}

function verdict(
  cell: Cell,
  { detections = [qemu, v86], require = [], accelerator, needs = [], unbuildable = {} }: Case = {},
) {
  const found = judge(cell, machineOf(cell), needs, { detections, filters: { require, accelerator }, unbuildable });
  return found.kind === "runs" ? "runs" : `${found.kind}: ${found.reason}`;
}

const guest = { vmm: "qemu", boot: "kernel", image: "petri-guest" } as const;

test("a cell runs where its VMM can boot its image so", () => {
  expect(verdict(guest)).toBe("runs");
  expect(verdict({ ...guest, boot: "uefi" })).toBe("runs");
  expect(verdict({ ...guest, vmm: "v86" })).toBe("runs");
  expect(verdict({ ...guest, image: { kernel: "/own/vmlinux" } })).toBe("runs");
});

test("a double runs its cells, and keeps no promise of the VMM it stands for", () => {
  const detections = [{ ...qemu, isDouble: true }];
  expect(verdict(guest, { detections })).toBe("runs");
  expect(verdict(guest, { detections, require: ["qemu"] })).toBe(
    "broken-promise: qemu is here as a double only, which proves nothing of it",
  );
});

test("a cell that cannot run says why", () => {
  expect(verdict({ ...guest, vmm: "v86", boot: "uefi" })).toBe("skipped: v86 has no UEFI; boot by pcat or kernel");
  expect(verdict({ ...guest, vmm: "v86", image: "debian-cloud" })).toBe(
    "skipped: debian-cloud by kernel is a 64-bit guest; v86 runs 32-bit ones",
  );
  expect(verdict({ ...guest, boot: "kernel", image: "memtest86+" })).toMatch(
    /^skipped: memtest86\+ cannot boot by kernel/,
  );
  expect(verdict({ ...guest, accelerator: "kvm" })).toBe(
    "skipped: qemu cannot use kvm here: /dev/kvm does not run guests",
  );
  expect(verdict({ ...guest, leftOut: "left out by --vmm v86" })).toBe("skipped: left out by --vmm v86");
  expect(verdict({ ...guest, vmm: "v86" }, { accelerator: ["tcg"] })).toBe("skipped: left out by --hypervisor tcg");
});

test("what a test needs only filters", () => {
  expect(verdict(guest, { needs: ["uefi", "pcat"] })).toBe("skipped: the test needs uefi or pcat");
  expect(verdict(guest, { needs: ["64-bit"] })).toMatch(/^skipped: the test needs a 64-bit guest/);
  expect(verdict({ ...guest, boot: "pcat", image: "memtest86+" }, { needs: ["guest-driver"] })).toMatch(
    /^skipped: the test needs a guest driver/,
  );
  expect(verdict(guest, { needs: ["guest-driver", "screenshot"] })).toBe("runs");
});

test("a missing VMM is a reason to skip, and to fail where it was promised", () => {
  const detections = [noQemu, v86];
  const reason = "qemu is not here: qemu-system-x86_64 is not on PATH; sudo apt-get install -y qemu-system-x86";
  expect(verdict(guest, { detections })).toBe(`skipped: ${reason}`);
  expect(verdict(guest, { detections, require: ["qemu"] })).toBe(`broken-promise: ${reason}`);
});

test("a VMM that runs no guest is as good as missing", () => {
  const broken = { ...qemu, accelerators: qemu.accelerators.map((each) => ({ ...each, works: false })) };
  expect(verdict(guest, { detections: [broken], require: ["qemu"] })).toMatch(
    /^broken-promise: qemu runs no guest here/,
  );
});

test("an image that can neither be found nor built is skipped, unless the job promised its VMM", () => {
  const cell = { vmm: "qemu", boot: "kernel", image: "debian-cloud" } as const;
  const unbuildable = { "debian-cloud": "the image debian-cloud is not built, and building it needs apt-get" };
  expect(verdict(cell, { unbuildable })).toBe(
    "skipped: the image debian-cloud is not built, and building it needs apt-get",
  );
  expect(verdict(cell, { unbuildable, require: ["qemu"] })).toMatch(/^broken-promise: /);
  expect(verdict(guest, { unbuildable })).toBe("runs");
});

test("time is given by the accelerator that the machine will have", () => {
  const kvm = { name: "kvm", works: true, cpuMode: 64, reason: "ran" } as const;
  const detections = [{ ...qemu, accelerators: [kvm, ...qemu.accelerators.slice(1)] }];
  const on = (clock: "real" | "warp") =>
    judge(guest, machineOf(guest, { clock }), [], { detections, filters: { require: [] }, unbuildable: {} });
  expect(on("real")).toEqual({ kind: "runs", accelerator: "kvm" });
  expect(on("warp")).toEqual({ kind: "runs", accelerator: "tcg" });
});
