import { resolveImage } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

// The catalogue's own files as somebody's own image: with login(1) for its init, it asks who is there.
async function ownImage() {
  const { kernel, initrd, cmdline } = await resolveImage("debian-cloud", "kernel");
  return { kernel: kernel?.file ?? "", initrd: initrd ?? "", cmdline: `${cmdline} rdinit=/bin/busybox -- login` };
}

vmTest(
  "a guest of one's own is logged in to, and answers",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" }), timeout: "3m", vms: 2 },
  async ({ boot }) => {
    const image = { ...(await ownImage()), login: { user: "root" }, ready: /login: $/ };
    const vm = await boot({ image });
    expect(await vm.guest.echo("hello from inside")).toBe("hello from inside");
  },
);
