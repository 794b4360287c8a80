import { expect, test } from "vitest";
import { localHost } from "../../host/local.ts";
import { type MachineInput, machineSchema } from "../../machine/machine.ts";
import type { CpuNames, Detection } from "../contract.ts";
import { askCpuNames, readCpuNames } from "./cpu-models.ts";
import { qemuSupport } from "./support.ts";

// Lines as QEMU 7.2.22 sent them, shortened.
const answers = [
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}',
  '{"return": {}}',
  '{"return": [{"name": "EPYC", "unavailable-features": ["pcid", "xsavec"]}, {"name": "host", "unavailable-features": ["kvm"]}, {"name": "max", "unavailable-features": []}], "id": "models"}',
  '{"return": {"model": {"name": "max", "props": {"phys-bits": 0, "avx2": true, "pcid": false, "xsavec": false, "sse4.1": true, "vendor": "AuthenticAMD", "kvm": true}}}, "id": "features"}',
  '{"timestamp": {"seconds": 1, "microseconds": 6}, "event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-quit"}}',
  '{"return": {}}',
].join("\r\n");

const detection = (cpu: CpuNames | undefined): Detection => ({
  ...{ vmm: "qemu", present: true, notes: [], fixes: [], binary: "/usr/bin/qemu", version: "7.2.22", firmware: [] },
  accelerators: [{ name: "tcg", works: true, reason: "ran", ...(cpu && { cpu }) }],
});
const refusals = (processors: MachineInput["processors"], on = detection(readCpuNames(answers))) =>
  qemuSupport(machineSchema.parse({ boot: { kind: "kernel", kernel: "/k" }, processors }), on).map(
    ({ axis, reason }) => `${axis}: ${reason}`,
  );

test("models and features are what QEMU says", () => {
  expect(readCpuNames(answers)).toEqual({
    models: ["EPYC", "host", "max"],
    features: ["avx2", "kvm", "pcid", "sse4.1", "xsavec"],
    lacks: ["kvm", "pcid", "xsavec"],
  });
  expect(() => readCpuNames('{"return": {}}\n')).toThrow();
});

test("a model or feature that QEMU has not, or its accelerator cannot give, is refused with the nearest names", () => {
  expect(refusals({ model: "EPIC", features: ["+avx3", "-psid", "+pcid"] })).toEqual([
    "processors.model: QEMU has no CPU model EPIC; did you mean EPYC?; /usr/bin/qemu -cpu help lists them",
    "processors.features[0]: QEMU has no CPU feature avx3; did you mean avx2?; /usr/bin/qemu -cpu help lists them",
    "processors.features[1]: QEMU has no CPU feature psid; did you mean pcid?; /usr/bin/qemu -cpu help lists them",
    "processors.features[2]: tcg cannot give a guest pcid; leave it out, or choose another accelerator",
  ]);
  expect(refusals({ model: "max", features: ["+avx2", "-pcid", "+sse4.1"] })).toEqual([]);
  // A QEMU that does not tell is asked by starting it.
  expect(refusals({ model: "EPIC" }, detection(undefined))).toEqual([]);
});

test.runIf(localHost.which("qemu-system-x86_64"))("this host's QEMU tells its own", async () => {
  const cpu = await askCpuNames(localHost, "qemu-system-x86_64", "tcg", undefined);
  expect(cpu?.models).toEqual(expect.arrayContaining(["qemu64", "max", "EPYC-v1", "Skylake-Server"]));
  expect(cpu?.features).toEqual(expect.arrayContaining(["avx2", "sse4.1", "sse4_1", "hv-relaxed", "vmx"]));
  expect(cpu?.lacks).toContain("avx512f");
  expect(cpu?.lacks).not.toContain("avx2");
});

test("a QEMU that answers nothing is not asked for ever, nor is that an error", async () => {
  expect(await askCpuNames(localHost, "true", "tcg", undefined)).toBeUndefined();
});
