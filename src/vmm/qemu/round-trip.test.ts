import fc from "fast-check";
import { expect, test } from "vitest";
import { commandLine } from "../../host/run.ts";
import { diskBuses } from "../../machine/disk.ts";
import type { Machine, MachineInput } from "../../machine/machine.ts";
import { nicModels } from "../../machine/nic.ts";
import { smbiosKeys } from "../../machine/smbios.ts";
import { checkMachine } from "../../machine/validate.ts";
import type { Detection } from "../contract.ts";
import { importText } from "../import.ts";
import { lowerable } from "./lowerable.ts";
import { scriptQemu } from "./script.ts";
import { qemuSupport } from "./support.ts";

const detection: Detection = {
  ...{ vmm: "qemu", present: true, notes: [], fixes: [], binary: "qemu-system-x86_64", version: "7.2.22" },
  accelerators: [{ name: "tcg", works: true, cpuMode: 64, reason: "test" }],
  firmware: [{ boot: "uefi", code: "/fw/CODE.fd", nvram: "/fw/VARS.fd", name: "OVMF", source: "test" }],
};
const paths = { runDir: "run", traceDir: "run" };

const path = fc.stringMatching(/^\/[a-z][a-z0-9 ,='"$._-]{0,12}$/);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const action = fc.constantFrom("reset", "halt", "exit", "exit:1", "exit:7");
const port = fc.integer({ min: 1, max: 65_535 });

const boot: fc.Arbitrary<MachineInput["boot"]> = fc.oneof(
  fc.record({ kind: fc.constant("kernel" as const), kernel: path, initrd: maybe(path), cmdline: maybe(fc.string()) }),
  fc.record({ kind: fc.constant("uefi" as const), nvram: maybe(path), kernel: maybe(path) }),
  fc.record({ kind: fc.constant("uefi" as const), firmware: path.map((text) => `${text}.fd`) }),
  fc.record({ kind: fc.constant("pcat" as const), firmware: maybe(path.map((text) => `${text}.bin`)) }),
);

const backend = fc.oneof(
  fc.constantFrom("none", "capture", "stderr"),
  path.map((text) => `file=${text}`),
  path.map((text) => `listen=${text}.sock`),
  port.map((number) => `listen=tcp:127.0.0.1:${number}`),
);

const disk = fc.record({
  ...{ file: path, bus: fc.constantFrom(...diskBuses), slot: maybe(fc.integer({ min: 0, max: 5 })) },
  format: maybe(fc.constantFrom("raw" as const, "qcow2" as const, "vhd" as const, "vhdx" as const)),
  ...{ readOnly: fc.boolean(), persist: fc.boolean(), dvd: fc.boolean() },
});

const nic = fc
  .record({
    ...{ backend: fc.constantFrom("user" as const, "none" as const), model: fc.constantFrom(...nicModels) },
    mtu: maybe(fc.integer({ min: 68, max: 65_535 })),
    mac: maybe(fc.integer({ min: 0, max: 255 }).map((n) => `52:54:00:00:00:${n.toString(16).padStart(2, "0")}`)),
    forward: fc.array(
      fc.record({ protocol: fc.constantFrom("tcp" as const, "udp" as const), hostPort: port, guestPort: port }),
      { maxLength: 2 },
    ),
  })
  .map(({ mtu, ...rest }) => (mtu === undefined || rest.model !== "virtio" ? rest : { ...rest, mtu }));

const machines = fc.record({
  boot,
  name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,10}$/),
  processors: fc.record({
    ...{ count: maybe(fc.integer({ min: 1, max: 8 })), cores: maybe(fc.integer({ min: 1, max: 2 })) },
    model: maybe(fc.constantFrom("max", "EPYC-v1")),
    features: fc.subarray(["+avx2", "-sse4.2", "+x2apic"]),
  }),
  memory: fc.record({
    size: fc.integer({ min: 256, max: 2 ** 20 }).map((pages) => pages * 4096),
    ...{ shared: maybe(fc.boolean()), prefetch: fc.boolean(), file: maybe(path) },
  }),
  disks: fc.array(disk, { maxLength: 4 }),
  nics: fc.array(nic, { maxLength: 2 }),
  consoles: fc.record({ com1: backend, com2: maybe(backend), com4: maybe(backend), hvc0: maybe(backend) }),
  power: fc.record({ reset: action, shutdown: action, crash: action }),
  rng: fc.boolean(),
  uuid: maybe(fc.uuid()),
  smbios: maybe(
    fc.dictionary(fc.constantFrom(...smbiosKeys), fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/), { minKeys: 1 }),
  ),
  rtc: fc.constantFrom("utc", "localtime", "2031-04-05T06:07:08"),
  clock: fc.constantFrom("real" as const, "warp" as const),
  display: fc.oneof(
    fc.constantFrom("none" as const, "headless" as const),
    fc.constant({ vnc: { listen: "127.0.0.1", port: 5905 } }),
  ),
  chipset: fc.constantFrom("auto" as const, "pc" as const, "q35" as const, "microvm" as const),
  filesystems: fc.array(
    fc.record({
      kind: fc.constant("9p" as const),
      tag: fc.stringMatching(/^[a-z]{1,8}$/),
      path,
      readOnly: fc.boolean(),
    }),
    { maxLength: 1 },
  ),
  watchdog: maybe(fc.constantFrom("any" as const, "i6300esb" as const, "ib700" as const, "itco" as const)),
  vsock: maybe(fc.record({ cid: maybe(fc.integer({ min: 3, max: 99 })) })),
});

/** The commands as one would paste them, copies first. */
function textOf(machine: Machine): { text: string; said: Machine } {
  const { copies, run, said } = scriptQemu(machine, paths, detection);
  const lines = [...copies.map(({ from, to }) => commandLine("cp", [from, to])), commandLine(run.file, run.args)];
  return { text: lines.join(" && "), said };
}

test("importing the command of a machine gives what of the machine a command can say", () => {
  const seen = new Map<string, Set<string>>();
  let runs = 0;
  fc.assert(
    fc.property(machines, (input) => {
      const { machine } = checkMachine(input);
      fc.pre(machine !== undefined && qemuSupport(machine, detection).length === 0);
      const { text, said } = textOf(machine);
      const imported = importText(text);
      expect(imported.machine, text).toEqual(said);
      expect(said).toEqual(lowerable(machine, { paths, detection, accelerator: "tcg" }));
      runs++;
      for (const [axis, value] of Object.entries(machine)) {
        seen.set(axis, (seen.get(axis) ?? new Set()).add(JSON.stringify(value)));
      }
    }),
    { numRuns: 200, maxSkipsPerRun: 1000 },
  );
  const coverage = [...seen].map(([axis, values]) => `${axis} ${values.size}`).join(", ");
  process.stdout.write(`round trip of ${runs} machines, different values per axis: ${coverage}\n`);
  expect(seen.get("disks")?.size).toBeGreaterThan(20);
});

test("what a command says once, it says again", () => {
  fc.assert(
    fc.property(machines, (input) => {
      const { machine } = checkMachine(input);
      fc.pre(machine !== undefined && qemuSupport(machine, detection).length === 0);
      const { said } = textOf(machine);
      expect(lowerable(said, { paths, detection, accelerator: "tcg" })).toEqual(said);
    }),
    { numRuns: 50, maxSkipsPerRun: 1000 },
  );
});
