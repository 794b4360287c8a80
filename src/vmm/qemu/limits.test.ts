import { expect, test } from "vitest";
import type { MachineInput } from "../../machine/machine.ts";
import { parseMachine } from "../../machine/validate.ts";
import { diskArguments } from "./disks.ts";
import { refuseBeyondDevices } from "./limits.ts";

const kernel = { kind: "kernel", kernel: "/k" } as const;

function refusals(part: Partial<MachineInput>, chipset: "pc" | "q35" | "microvm" = "pc"): string[] {
  const found: string[] = [];
  const machine = parseMachine({ boot: kernel, ...part });
  refuseBeyondDevices(machine, chipset, (axis, reason) => found.push(`${axis}: ${reason}`));
  return found;
}

const virtioDisks = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ file: `/d${n}`, bus: "virtio" as const }));

test("what QEMU's devices cannot do is refused before it starts, all at once", () => {
  const machine: Partial<MachineInput> = {
    processors: { count: 256 },
    memory: { shared: false, thp: false },
    disks: [
      { file: "/a", bus: "ide", readOnly: true },
      { file: "/b", bus: "ahci", readOnly: true },
      { file: "/c", bus: "usb", slot: 15 },
    ],
    nics: [{ forward: [{ hostAddress: "::1", hostPort: 2222, guestPort: 22 }] }],
    display: { vnc: { port: 80 } },
  };
  const disks = "write bus virtio, scsi, nvme or usb, or leave it out: writes are thrown away anyway";
  expect(refusals(machine)).toEqual([
    "processors.count: QEMU's pc has at most 255 processors, not 256",
    "memory.thp: QEMU always asks for huge pages by itself; leave thp out",
    `disks[0].readOnly: a hard disk on ide cannot be read-only; ${disks}`,
    `disks[1].readOnly: a hard disk on ahci cannot be read-only; ${disks}`,
    "disks[2].slot: QEMU's USB controller has ports 0 to 14, not 15",
    "nics[0].forward[0].hostAddress: QEMU forwards from IPv4 only, not ::1",
    "display.vnc.port: QEMU counts VNC ports from 5900 on; 80 is below",
  ]);
});

test("microvm has one serial port", () => {
  expect(refusals({ consoles: { com2: "capture", hvc0: "capture" } }, "microvm")).toEqual([
    "consoles.com2: microvm has com1 only; write hvc0",
  ]);
});

test("cards beyond the bus are counted with the disks", () => {
  expect(refusals({ disks: virtioDisks(28), rng: true, nics: [{}] })).toEqual([]);
  expect(refusals({ disks: virtioDisks(29), rng: true, nics: [{}] })).toEqual([
    "disks: this machine needs 31 places on the bus, and pc has 30; put disks on scsi",
  ]);
  expect(refusals({ disks: virtioDisks(8) }, "microvm")).toEqual([]);
  expect(refusals({ disks: virtioDisks(8), rng: true }, "microvm")).toHaveLength(1);
});

test("on a bus without names for its places the guest sees disks in the order of their slots", () => {
  const disks = [{ file: "/second", slot: 5 }, { file: "/third", slot: 6 }, { file: "/first" }];
  const args = diskArguments(parseMachine({ boot: kernel, disks }), "pc");
  const drives = args.filter((_, index) => args[index - 1] === "-drive");
  expect(drives.map((drive) => /file=(.*)/.exec(drive)?.[1])).toEqual(["/first", "/second", "/third"]);
});
