import { matrix, vmTest } from "petri-vm/test";
import { quietShell } from "./in-linux.ts";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });

vmTest(
  "Linux takes the MTU that its network card tells, and 1500 where it tells none",
  { on, machine: { nics: [{ mtu: 9000 }, { backend: "none" }] } },
  async ({ vm }) => {
    const says = await quietShell(vm);
    await says("echo mtu=$(cat /sys/class/net/eth0/mtu).$(cat /sys/class/net/eth1/mtu)", /^mtu=9000\.1500\r?$/m);
  },
);
