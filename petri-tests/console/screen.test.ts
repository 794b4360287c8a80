import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";
import { menuDisk } from "./menu-disk.ts";

for (const kind of ["pcat", "uefi"] as const) {
  vmTest(
    `GRUB's menu is navigated, and starts what was chosen (${kind})`,
    { on: matrix({ vmm: "qemu", boot: kind, image: "memtest86+" }), vms: 2, timeout: "60s" },
    async ({ boot, vm: spare }) => {
      await spare.quit();
      const folder = mkdtempSync(join(tmpdir(), "petri-menu-"));
      try {
        const disks = [{ file: await menuDisk(folder), bus: "ide" as const }];
        const machine = { memory: { size: "128M" }, boot: { kind }, disks, display: "headless" as const };
        const vm = await boot({ image: null, machine });
        const console = vm.console();
        const screen = console.screen();
        await expect(screen).toShow(/\*nothing/);
        await expect(screen).toShow(/^ *\S? *memtest/);
        console.press("Down");
        await expect(screen).toShow(/\*memtest/);
        console.press("Up");
        await expect(screen).toShow(/\*nothing/);
        console.press("Down", "Enter");
        await expect(screen).toShow(/^ +Memtest86\+ v\d.*\| QEMU/);
        await expect(screen).not.toShow("GNU GRUB", { during: "200ms" });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
}

vmTest(
  "memtest86+'s screen is read while it is drawn again and again",
  { on: matrix({ vmm: "qemu", boot: "pcat", image: "memtest86+" }) },
  async ({ vm }) => {
    const screen = vm.console().screen();
    await expect(screen).toShow(/Pass +\d+%[\s\S]+Errors: 0/);
    await expect(screen).toShow(/Time: +0:00:0[2-9]/);
    expect(await screen.cursor()).toMatchObject({ isVisible: false });
  },
);

vmTest(
  "UEFI's setup is shown, moved about in, and left",
  {
    on: matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" }),
    timeout: "60s",
    // There is none, and that is how the setup is reached.
    oracle: { ignore: [/^no bootable device/] },
  },
  async ({ boot }) => {
    const vm = await boot({ image: null, machine: { memory: { size: "128M" }, boot: { kind: "uefi" } } });
    const console = vm.console();
    await expect(console).toPrint(/Press .*ESC.* in \d seconds/);
    // A key that is not Esc, for which the firmware waits two seconds to see whether a sequence follows.
    console.press("Space");
    await expect(console).toPrint("Shell>");
    console.sendLine("exit");
    // UEFI's setup draws on the largest mode that a serial terminal has.
    const screen = console.screen({ rows: 50 });
    await expect(screen).toShow(/^ *Select Language +<Standard English> +This is the option/);
    console.press("Down");
    // The help on the right is about the chosen entry.
    await expect(screen).toShow(/> Device Manager +Device Manager$/);
    console.press("Down");
    await expect(screen).toShow(/> Device Manager +Manager$/);
    console.press("Enter");
    await expect(screen).toShow(/^.*Boot Manager Menu/);
    console.press("Esc");
    await expect(screen).toShow("<Standard English>");
  },
);

vmTest(
  "keys reach a shell's line editor, and what it draws is seen",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" }) },
  async ({ vm, guest }) => {
    await guest.ready();
    const console = vm.console();
    await expect(console).toPrint("petri# ");
    const screen = console.screen({ from: "now" });
    console.press(..."echo ac".split(""), "Left", "b", "Home", "Ctrl-E", "Enter", ..."clear".split(""), "Enter");
    await console.expect(/^abc$/);
    // What clear(1) sends: only then is the prompt alone.
    await console.expect("\x1b[H", { raw: true });
    await expect(screen).toShow(/^petri#$/);
    await expect(screen).not.toShow("echo", { during: "200ms" });
  },
);
