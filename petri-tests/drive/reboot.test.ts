import { expect, matrix, vmTest } from "petri-vm/test";

const small = matrix({ vmm: ["qemu", "v86"], boot: "pcat", image: "petri-guest" });
const linux = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });

vmTest(
  "reboot resolves when the guest is there again; its reset counts as looked at",
  { on: small },
  async ({ vm, guest }) => {
    await guest.reboot();
    expect(vm.power.events.map(({ kind }) => kind)).toEqual(["reset"]);
    expect(await guest.echo("again")).toBe("again");
  },
);

vmTest(
  "a reboot that does not come says so",
  { on: small, machine: { power: { reset: "halt" } } },
  async ({ guest }) => {
    await expect(guest.reboot()).rejects.toThrow("reboot: the machine's power.reset is halt");
  },
);

vmTest("the next boot of a Linux runs commands", { on: linux }, async ({ guest }) => {
  await guest.exec("touch /tmp/before");
  await guest.reboot();
  expect((await guest.exec("ls /tmp")).text).toBe("");
});
