import { expect, matrix, vmTest } from "petri-vm/test";

vmTest(
  "two VMs of one test live apart",
  { on: matrix({ boot: "kernel", image: "petri-guest" }) },
  async ({ vm, guest, boot }) => {
    const peer = await boot();
    await peer.guest.shutdown();
    await expect(peer).toPowerOff();
    expect(await guest.echo("still here")).toBe("still here");
    expect(vm.power.events).toHaveLength(0);
    expect(peer.traceDir).not.toBe(vm.traceDir);
  },
);

vmTest(
  "pause stops the guest, resume lets it go on",
  { on: matrix({ boot: "kernel", image: "petri-guest" }) },
  async ({ vm, guest }) => {
    await guest.ready();
    await vm.pause();
    expect(vm.state).toBe("paused");
    vm.console().sendLine("echo late");
    await expect(vm.console()).not.toPrint("ok late", { during: 300 });
    await vm.resume();
    await expect(vm.console()).toPrint("ok late");
  },
);
