import { expect, test } from "vitest";
import { briefMachine } from "./brief.ts";
import type { MachineInput } from "./machine.ts";
import { parseMachine } from "./validate.ts";

const machines: MachineInput[] = [
  { boot: { kind: "uefi" } },
  {
    boot: { kind: "uefi", frontpage: false },
    memory: { size: "1G", hugepages: true, hugepageSize: "2M" },
    clock: "warp",
  },
  {
    boot: { kind: "kernel", kernel: "k" },
    disks: [{ file: "a.iso" }, { file: "b", persist: true }],
    consoles: { com1: "none", hvc0: "capture" },
  },
  {
    boot: { kind: "pcat" },
    nics: [{}, { model: "e1000", forward: [{ hostPort: 1, guestPort: 2 }] }],
    filesystems: [{ kind: "9p", tag: "t", path: "/" }],
  },
  {
    boot: { kind: "pcat" },
    display: { vnc: {} },
    vsock: true,
    watchdog: { heartbeat: "5s" },
    power: { watchdog: "exit:2" },
    processors: { cores: 4 },
  },
];

test.each(machines)("says what is beyond the defaults, and the same machine comes of it: %j", (input) => {
  const machine = parseMachine(input);
  expect(parseMachine(briefMachine(machine))).toEqual(machine);
});

test("says nothing else", () => {
  expect(
    briefMachine(
      parseMachine({ boot: { kind: "uefi" }, memory: { size: "512M" }, disks: [{ file: "d" }], nics: [{}] }),
    ),
  ).toEqual({
    boot: { kind: "uefi" },
    memory: { size: "512M" },
    disks: [{ file: "d", bus: "virtio" }],
    nics: [{}],
  });
});
