import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bootPetriGuest, petriGuestDisk, READY, SpawnedVm } from "./test/spawned-vm.ts";
import { tinyGuest } from "./test/tiny-guest.ts";

// Debian's package seabios.
const bios = "/usr/share/seabios/bios.bin";
const vgaBios = "/usr/share/seabios/vgabios-stdvga.bin";

describe.skipIf(!existsSync(bios))("under SeaBIOS", { timeout: 60_000 }, () => {
  test("a disk boots, powers off through ACPI, and boots again", async () => {
    const vm = await SpawnedVm.start(["--bios", bios, "--vga-bios", vgaBios, "--hda", petriGuestDisk]);
    await vm.command("cont");
    await vm.prints(/petri-guest ready pcat /);
    vm.send("info\n");
    await vm.prints(/ok .*boot=pcat .*acpi=yes/);
    const { lines } = await vm.command("screendump-text");
    expect(lines).toEqual(expect.arrayContaining([expect.stringContaining("SeaBIOS")]));

    vm.send("shutdown\n");
    const { data, com1Length } = await vm.event("GUEST_SHUTDOWN");
    expect(data).toEqual({ cause: "acpi-s5" });
    await vm.command("system_reset");
    await vm.command("cont");
    await vm.prints(READY, com1Length);
  });

  test.each([
    ["disk", []],
    ["floppy", ["--boot-order", "floppy,disk"]],
  ])("the %s comes first if it is first in the boot order", async (first, order) => {
    const floppy = bootSector(`fabaf803b0${"F".charCodeAt(0).toString(16)}eef4`); // cli;  mov dx, 3f8h;  mov al, "F";  out;  hlt
    const vm = await SpawnedVm.start(["--bios", bios, "--hda", petriGuestDisk, "--fda", floppy, ...order]);
    await vm.command("cont");
    await vm.prints(first === "disk" ? READY : /^F$/);
  });

  test("a triple fault in real mode is a crash, though v86 does not know of it", async () => {
    // cli;  xor ax, ax;  mov ds, ax;  lidt [7c10h];  int3;  hlt;  then an empty IDT
    const disk = bootSector("fa31c08ed80f011e107cccf4ebfd0000000000000000");
    const vm = await SpawnedVm.start(["--bios", bios, "--hda", disk]);
    await vm.command("cont");
    const { data } = await vm.event("GUEST_CRASH");
    expect(data).toEqual({ cause: "triple-fault", detail: expect.stringContaining("real mode") });
  });
});

describe("without a BIOS", { timeout: 60_000 }, () => {
  test("the guest finds ACPI tables and an ACPI power block all the same", async () => {
    const vm = await bootPetriGuest();
    vm.send("info\n");
    await vm.prints(/ok .*boot=kernel .*acpi=yes/);
  });

  test("the guest finds a text screen", async () => {
    // mov dword [b8000h], white "Hi" on black;  cli;  hlt
    const vm = await SpawnedVm.start(["--multiboot", tinyGuest(Buffer.from("c70500800b0048076907faf4", "hex"))]);
    await vm.command("cont");
    await vm.event("GUEST_HALTED");
    const { lines } = await vm.command("screendump-text");
    expect(lines).toEqual(["Hi", ...new Array(24).fill("")]);
  });
});

function bootSector(hex: string): string {
  const sector = Buffer.alloc(1440 * 1024);
  sector.write(hex, "hex");
  sector.writeUInt16LE(0xaa55, 510);
  const path = join(mkdtempSync(join(tmpdir(), "petri-sector-")), "image");
  writeFileSync(path, sector);
  return path;
}
