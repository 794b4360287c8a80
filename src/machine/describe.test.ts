import { expect, test } from "vitest";
import { describeMachine } from "./describe.ts";
import { parseMachineOptions } from "./options.ts";

test.each([
  ["--uefi", "1 vCPU, 1 GiB, uefi, com1"],
  [
    "--uefi -p 2 --disk d.img --disk e.iso --disk f,persist,bus=nvme --disk g,ro",
    "2 vCPUs, 1 GiB, uefi, disk virtio d.img (throw-away), dvd ide e.iso (read-only), disk nvme f (kept), disk virtio g (read-only), com1",
  ],
  ["--kernel boot/vmlinuz -m 1536M --com1 none", "1 vCPU, 1.5 GiB, kernel boot/vmlinuz"],
  ["--uefi --kernel k --com2 file=x", "1 vCPU, 1 GiB, uefi kernel k, com1, com2"],
  [
    "--pcat --net user:hostfwd=tcp::2222-:22 --virtio-rng --guest-watchdog --gfx --net none",
    "1 vCPU, 1 GiB, pcat, nic virtio 2222→22, rng, watchdog any, vnc 127.0.0.1:5900, com1",
  ],
])("%s", (line, text) => {
  const { machine } = parseMachineOptions(line.split(" "));
  expect(machine && describeMachine(machine)).toBe(text);
});
