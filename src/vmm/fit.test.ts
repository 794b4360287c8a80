import { expect, test } from "vitest";
import type { MachineInput } from "../machine/machine.ts";
import { parseMachine } from "../machine/validate.ts";
import type { Detection } from "./contract.ts";
import { fitMachine } from "./fit.ts";
import { qemu } from "./qemu/index.ts";
import { v86 } from "./v86/index.ts";

const detection: Detection = {
  ...{ vmm: "v86", present: true, notes: [], fixes: [] },
  accelerators: [
    { name: "tcg", works: true, reason: "test" },
    { name: "jit", works: true, reason: "test" },
  ],
  firmware: [{ boot: "pcat", code: "bios", name: "SeaBIOS", source: "test" }],
};

test("a machine of QEMU's is changed as little as v86 needs, and each change is told", () => {
  const input: MachineInput = {
    boot: { kind: "pcat" },
    chipset: "q35",
    processors: { model: "host", features: ["+avx2"] },
    disks: [{ file: "a.img", bus: "ahci", slot: 3, persist: true, format: "raw" }],
    nics: [{ model: "e1000", mac: "52:54:00:00:00:01", forward: [{ hostPort: 2222, guestPort: 22 }] }],
    ...{ memory: { shared: true }, rng: true, display: { vnc: {} }, smbios: { serial: "42" }, rtc: "localtime" },
    uuid: "0a3ae7e6-8d3b-4bb4-8a0d-0f9a3f1d9f01",
  };
  const { machine, changed, refusals } = fitMachine(parseMachine(input), v86, detection);
  expect(refusals).toEqual([]);
  expect(machine).toEqual(
    parseMachine({
      boot: { kind: "pcat" },
      disks: [{ file: "a.img", bus: "ide", format: "raw" }],
      nics: [{ model: "virtio", backend: "none" }],
    }),
  );
  expect(changed.map(({ option, reason }) => `${option}: ${reason}`)).toMatchInlineSnapshot(`
    [
      "chipset q35: v86 is a pc, not a q35: its own is taken",
      "processors.model host: v86 has one CPU model; leave it out: left out",
      "processors.features +avx2: v86's CPU features are fixed; leave them out: left out",
      "memory.shared: v86 keeps guest memory in a JavaScript array; leave it out: left out",
      "a.img: bus ahci: v86 has ide slots 0 and 1, floppies 0 and 1, and one optical drive; not ahci 3: ide is taken",
      "a.img: persist true: v86 throws writes away; leave persist out: writes are thrown away",
      "nics[0].mac 52:54:00:00:00:01: v86 has no network behind its card; write backend none: left out",
      "nics[0].model e1000: v86 has no network behind its card; write backend none: virtio is taken",
      "nics[0].backend user: v86 has no network behind its card; write backend none: the card is left unplugged",
      "rng: v86 has no entropy device: left out",
      "display: v86 serves no VNC: left out",
      "rtc localtime: v86's clock chip has the host's time in UTC; write utc: utc is taken",
      "uuid: v86 has no choice of its guest's UUID: left out",
      "smbios: v86 has no choice of its guest's SMBIOS strings: left out",
    ]
  `);
});

test("what the guest cannot do without is refused as ever", () => {
  const machine = parseMachine({ boot: { kind: "uefi" }, processors: { count: 4 }, memory: { size: "8G" } });
  const { changed, refusals } = fitMachine(machine, v86, detection);
  expect(changed).toEqual([]);
  expect(refusals.map(({ axis }) => axis)).toEqual(["boot", "processors.count", "memory.size"]);
});

test("a machine that can run is left as it is", () => {
  const machine = parseMachine({ boot: { kind: "pcat" }, chipset: "q35", disks: [{ file: "a", bus: "ahci" }] });
  expect(fitMachine(machine, qemu, detection)).toEqual({ machine, changed: [], refusals: [] });
});
