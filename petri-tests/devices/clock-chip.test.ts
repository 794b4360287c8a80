import { matrix, vmTest } from "petri-vm/test";
import { quietShell } from "./in-linux.ts";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });

vmTest(
  "Linux finds the date that the machine's clock chip begins with",
  { on, machine: { rtc: "2031-04-05T06:07:08" } },
  async ({ vm }) => {
    const says = await quietShell(vm);
    await says(
      "echo chip=$(cat /sys/class/rtc/rtc0/date).$(cut -c1-2 /sys/class/rtc/rtc0/time)",
      /^chip=2031-04-05\.06\r?$/m,
    );
    await says("echo system=$(date -u +%F)", /^system=2031-04-05\r?$/m);
  },
);
