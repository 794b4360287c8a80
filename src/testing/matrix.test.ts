import { describe, expect, test } from "vitest";
import { testName } from "./cell.ts";
import { type Axes, cellsOf } from "./matrix.ts";
import type { RunContext } from "./run-context.ts";

type Run = Pick<RunContext, "filters" | "detections" | "images">;

function run(filters: Partial<RunContext["filters"]> = {}): Run {
  const detected = (vmm: "qemu" | "v86") => ({
    ...{ vmm, present: true, notes: [], fixes: [], accelerators: [], firmware: [] },
  });
  const own = { kernel: "/own/vmlinux", ready: "up" };
  return { filters: { require: [], ...filters }, detections: [detected("qemu"), detected("v86")], images: { own } };
}

const names = (axes: Axes, context = run()) => cellsOf(axes, context).map((cell) => testName("boots", cell));

describe("a matrix", () => {
  test("takes every VMM and every way its image boots, in one order", () => {
    expect(names({})).toEqual([
      "boots [qemu uefi petri-guest]",
      "boots [qemu pcat petri-guest]",
      "boots [qemu kernel petri-guest]",
      "boots [v86 uefi petri-guest]",
      "boots [v86 pcat petri-guest]",
      "boots [v86 kernel petri-guest]",
    ]);
  });

  test("has no cells of a VMM for other hosts, but where it is asked for, and names a double as one", () => {
    const bhyve = { vmm: "bhyve" as const, notes: [], fixes: [], accelerators: [], firmware: [] };
    const elsewhere = {
      ...run(),
      detections: [...run().detections, { ...bhyve, present: false, needsHost: "FreeBSD" }],
    };
    expect(names({ boot: "kernel" }, elsewhere)).toEqual(names({ boot: "kernel" }));
    expect(names({ vmm: "bhyve", boot: "kernel" }, elsewhere)).toEqual(["boots [bhyve kernel petri-guest]"]);
    const doubled = { ...run(), detections: [...run().detections, { ...bhyve, present: true, isDouble: true }] };
    expect(names({ boot: "kernel" }, doubled).at(-1)).toBe("boots [bhyve (double) kernel petri-guest]");
  });

  test("leaves out a VMM that is absent and that nobody named, and names a double for what it is", () => {
    const openvmm = { vmm: "openvmm", notes: [], fixes: [], accelerators: [], firmware: [] } as const;
    const beside = (detection: RunContext["detections"][number]) => ({ ...run(), detections: [detection] });
    const absent = beside({ ...openvmm, present: false, isUnasked: true });
    expect(names({ boot: "kernel" }, absent)).toEqual([]);
    expect(names({ boot: "kernel", vmm: "openvmm" }, absent)).toEqual(["boots [openvmm kernel petri-guest]"]);
    const named = { ...openvmm, present: false };
    expect(names({ boot: "kernel" }, beside(named))).toEqual(["boots [openvmm kernel petri-guest]"]);
    const double = { ...openvmm, present: true, isDouble: true };
    expect(names({ boot: "kernel" }, beside(double))).toEqual(["boots [openvmm (double) kernel petri-guest]"]);
  });

  test("keeps the order its axes are written in", () => {
    expect(names({ vmm: ["v86", "qemu"], boot: ["pcat", "kernel"], image: "debian-686" })).toEqual([
      "boots [v86 pcat debian-686]",
      "boots [v86 kernel debian-686]",
      "boots [qemu pcat debian-686]",
      "boots [qemu kernel debian-686]",
    ]);
  });

  test("names an accelerator and a variant only where the test does", () => {
    const axes: Axes = {
      vmm: "qemu",
      boot: "kernel",
      accelerator: ["kvm", "tcg"],
      machine: { small: {}, big: { memory: { size: "2G" } } },
    };
    expect(names(axes)).toEqual([
      "boots, small [qemu kernel petri-guest kvm]",
      "boots, big [qemu kernel petri-guest kvm]",
      "boots, small [qemu kernel petri-guest tcg]",
      "boots, big [qemu kernel petri-guest tcg]",
    ]);
    expect(names({ vmm: "qemu", boot: "kernel" }, run({ accelerator: ["tcg"] }))).toEqual([
      "boots [qemu kernel petri-guest]",
    ]);
  });

  test("takes images of the configuration and of the test", () => {
    expect(names({ vmm: "qemu", image: ["own", { disk: "/images/appliance.qcow2" }] })).toEqual([
      "boots [qemu uefi appliance.qcow2]",
      "boots [qemu pcat appliance.qcow2]",
      "boots [qemu kernel own]",
    ]);
    expect(() => names({ image: "debain" })).toThrow(/no image "debain"/);
  });

  test("narrows an open axis to what was asked for, and says so where the test named more", () => {
    const asked = run({ vmm: ["v86"], boot: ["kernel"] });
    expect(names({}, asked)).toEqual(["boots [v86 kernel petri-guest]"]);
    const cells = cellsOf({ vmm: ["qemu", "v86"], boot: ["pcat", "kernel"] }, asked);
    expect(cells.map((cell) => cell.leftOut)).toEqual([
      "left out by --vmm v86",
      "left out by --vmm v86",
      "left out by --boot kernel",
      undefined,
    ]);
  });

  test("drops or skips what it excepts", () => {
    const cells = cellsOf(
      { boot: ["pcat", "kernel"], except: ({ vmm, boot }) => vmm === "v86" && (boot === "pcat" || "too slow") },
      run(),
    );
    expect(cells.map((cell) => [cell.vmm, cell.boot, cell.leftOut])).toEqual([
      ["qemu", "pcat", undefined],
      ["qemu", "kernel", undefined],
      ["v86", "kernel", "too slow"],
    ]);
  });
});
