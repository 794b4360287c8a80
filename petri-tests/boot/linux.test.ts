import { resolveImage } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const ready = /^PETRI-READY$/;

vmTest(
  "Debian's 64-bit kernel boots to a shell and powers off",
  { on: matrix({ vmm: "qemu", boot: ["kernel", "pcat", "uefi"], image: "debian-cloud" }) },
  async ({ vm, guest }) => {
    await expect(vm.console()).toPrint(/^\[ +0\.000000\] Linux version 6\.\d+/);
    await expect(vm.console()).toPrint(ready);
    expect(await guest.echo("it's alive")).toBe("it's alive");
    await guest.shutdown();
    await expect(vm).toPowerOff();
  },
);

vmTest(
  "Debian's kernel is started by UEFI firmware without a disk",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" }), timeout: "240s" },
  async ({ boot }) => {
    const vm = await boot({ machine: { boot: { kind: "uefi" } } });
    // The kernel says itself that firmware started it.
    await expect(vm.console()).toPrint(/efi: EFI v2\.\d+ by EDK II/);
    await expect(vm.console()).toPrint(ready);
  },
);

vmTest(
  "Debian's full kernel reboots and comes back",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian" }) },
  async ({ vm, guest }) => {
    await expect(vm.console()).toPrint(ready);
    await guest.reset();
    const event = await vm.power.next("reset");
    await expect(vm.console()).toPrint(ready, { after: event });
  },
);

vmTest(
  "Debian's 32-bit kernel boots to a shell on v86, phase by phase",
  { on: matrix({ vmm: "v86", boot: "kernel", image: "debian-686" }) },
  async ({ vm, guest }) => {
    await expect(vm.console()).toPrint(ready);
    await expect(vm).toReach("ready");
    expect(vm.phases.map(({ phase }) => phase)).toEqual(["kernel", "init", "ready"]);
    expect(await guest.echo("alive on v86")).toBe("alive on v86");
    await guest.shutdown();
    await expect(vm).toPowerOff();
  },
);

vmTest(
  "a guest that misjudges its CPU's speed keeps time all the same",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" }) },
  async ({ boot }) => {
    const { cmdline } = await resolveImage("debian-cloud", "kernel");
    // What an emulated CPU has found on a busy host, where the truth was 2.6 GHz.
    const vm = await boot({ machine: { boot: { kind: "kernel", cmdline: `${cmdline} tsc_early_khz=200000` } } });
    await vm.console().expect("petri# ");
    vm.console().sendLine("echo 'slee'ping; sleep 2; echo 'wo'ken");
    await vm.console().expect("sleeping");
    const began = performance.now();
    await vm.console().expect("woken");
    expect(performance.now() - began).toBeGreaterThan(1500);
  },
);
