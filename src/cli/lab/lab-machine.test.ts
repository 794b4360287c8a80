import { expect, test } from "vitest";
import { parseMachine } from "../../machine/validate.ts";
import type { AcceleratorFinding, Detection } from "../../vmm/contract.ts";
import { checkWorkingFolder, labMachine, labPlacement, requireLabHost } from "./lab-machine.ts";

const on = (kvm?: Partial<AcceleratorFinding>): Detection => ({
  ...{ vmm: "qemu", present: true, notes: [], fixes: [], firmware: [] },
  accelerators: [
    ...(kvm ? [{ name: "kvm" as const, works: true, reason: "ran", ...kvm }] : []),
    { name: "tcg", works: true, reason: "ran" },
  ],
});

test("KVM runs the lab only where it is proven, with the host's CPU, and nests", () => {
  expect(labPlacement(on({}), true).accelerator).toBe("kvm");
  expect(labPlacement(on({}), false).accelerator).toBe("tcg");
  expect(labPlacement(on({ works: false }), true).accelerator).toBe("tcg");
  expect(labPlacement(on({ cpuModel: "qemu64" }), true).accelerator).toBe("tcg");
  expect(labPlacement(on(), true).accelerator).toBe("tcg");
});

test("the host's root is read-only, the working folder is not", () => {
  const folders = { exchange: "/x", working: "/home/me/project" };
  const lab = labMachine({ memory: "2G", processors: 2 }, folders, "tcg");
  const machine = parseMachine({ ...lab, boot: { kind: "kernel", kernel: "k" } });
  expect(machine.filesystems.map(({ path, readOnly }) => [path, readOnly])).toEqual([
    ["/x", false],
    ["/", true],
    ["/home/me/project", false],
  ]);
  expect(machine.processors).toMatchObject({ count: 2, model: "max", features: ["+svm"] });
});

test.each(["/", "/proc", "/sys/class", "/dev/shm"])("%s is no folder to work in", (folder) => {
  expect(() => checkWorkingFolder(folder)).toThrow(`${folder}: go to a folder of your own`);
});

test("folders that only look like those are", () => {
  for (const folder of ["/process", "/srv/dev", "/home"]) checkWorkingFolder(folder);
});

test("a host of another kind is told so", () => {
  expect(() => requireLabHost("darwin", "arm64")).toThrow(/this host is darwin arm64\n {2}run petri lab on/);
});
