import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bootParams } from "./boot-params.ts";
import { isElf, readElf32 } from "./elf32.ts";
import { linuxMultiboot } from "./linux-multiboot.ts";
import { expectedOutput, fakeBzImage, fakeVmlinux } from "./test/fake-linux.ts";
import { petriGuest, READY, SpawnedVm } from "./test/spawned-vm.ts";

const MIB = 2 ** 20;
const directory = mkdtempSync(join(tmpdir(), "petri-linux-"));
const file = (name: string, bytes: Uint8Array | string) => {
  writeFileSync(join(directory, name), bytes);
  return join(directory, name);
};

describe("a Linux kernel, booted directly,", { timeout: 60_000 }, () => {
  const initrd = file("initrd", "the initrd".repeat(1000));

  test.each([
    ["vmlinux", fakeVmlinux()],
    ["bzImage", fakeBzImage()],
  ])("gets its parameters, command line and initrd: %s", async (name, kernel) => {
    const vm = await SpawnedVm.start([
      "--kernel",
      file(name, kernel),
      "--initrd",
      initrd,
      "--cmdline",
      "console=ttyS0 a=b",
    ]);
    await vm.command("cont");
    await vm.event("GUEST_HALTED");
    expect(vm.printed.com1).toBe(expectedOutput("console=ttyS0 a=b", "the initrd".repeat(1000)));

    // The same machine again: the kernel and the initrd are loaded anew.
    await vm.command("system_reset");
    await vm.command("cont");
    await vm.event("GUEST_HALTED", 1);
    expect(vm.printed.com1).toBe(expectedOutput("console=ttyS0 a=b", "the initrd".repeat(1000)).repeat(2));
  });

  test.each([
    ["a 64-bit bzImage", fakeBzImage({ xloadflags: 1 }), "a 64-bit kernel, and v86 has no 64-bit mode"],
    ["a text file", Buffer.alloc(2000, "x"), "neither an ELF file nor a bzImage of boot protocol 2.10 or newer"],
  ])("is refused before the greeting if it is %s", async (_, kernel, reason) => {
    const path = file("kernel", kernel);
    const vm = await SpawnedVm.start(["--kernel", path]);
    expect(await vm.ended).toEqual({ code: 66, signal: null, stderr: `petri-v86: --kernel ${path}: ${reason}\n` });
  });
});

describe("linuxMultiboot", () => {
  const boot = { kernel: fakeVmlinux(), cmdline: "quiet", memoryBytes: 64 * MIB };

  test("puts the initrd at the top of memory, page-aligned, and out of v86's last page", () => {
    const { segments } = readElf32(linuxMultiboot({ ...boot, initrd: Buffer.alloc(5000, 1) }));
    expect(segments.at(-1)).toMatchObject({ address: 64 * MIB - 4096 - 8192, size: 5000 });
  });

  test("keeps the initrd where a 32-bit kernel can map it", () => {
    const { segments } = readElf32(linuxMultiboot({ ...boot, memoryBytes: 1024 * MIB, initrd: Buffer.alloc(4096, 1) }));
    expect(segments.at(-1)?.address).toBe(896 * MIB - 4096);
  });

  test.each([
    ["the kernel alone", { memoryBytes: 16 * MIB }],
    ["the kernel and its initrd", { memoryBytes: 20 * MIB, initrd: new Uint8Array(4 * MIB) }],
  ])("refuses a memory too small for %s", (_, change) => {
    expect(() => linuxMultiboot({ ...boot, ...change })).toThrow(/^needs more than \d+ MiB of memory/);
  });

  test("refuses a command line that the kernel would cut", () => {
    expect(() => linuxMultiboot({ ...boot, cmdline: "x".repeat(2048) })).toThrow(
      "a command line of 2048 bytes, and the kernel takes 2047",
    );
  });
});

describe("the boot parameters", () => {
  test("map the memory of a PC", () => {
    const page = bootParams({ cmdlineAddress: 0x11000, memoryBytes: 64 * MIB });
    const entries = Array.from({ length: page[0x1e8] ?? 0 }, (_, index) => {
      const at = 0x2d0 + index * 20;
      return [page.readBigUInt64LE(at), page.readBigUInt64LE(at + 8), page.readUInt32LE(at + 16)];
    });
    expect(entries).toEqual([
      [0n, 0x9fc00n, 1],
      [0x9fc00n, 0x400n, 2],
      [0xe0000n, 0x20000n, 2],
      [0x100000n, 63n * BigInt(MIB), 1],
    ]);
  });
});

describe("an ELF file", () => {
  test("is entered at its physical address, whichever it names", async () => {
    const kernel = fakeVmlinux();
    expect(readElf32(kernel).entry).toBe(0x1000000);
    kernel.writeUInt32LE(0xc1000004, 24); // e_entry
    kernel.writeUInt32LE(0xc1000000, 52 + 8); // p_vaddr
    expect(readElf32(kernel).entry).toBe(0x1000004);
  });

  test("is refused unless it is for a 32-bit x86", () => {
    const kernel = fakeVmlinux();
    kernel[4] = 2;
    expect(isElf(kernel)).toBe(true);
    expect(() => readElf32(kernel)).toThrow("a 64-bit ELF file, and v86 has no 64-bit mode");
    expect(() => readElf32(fakeVmlinux().subarray(0, 90))).toThrow("cut short");
  });
});

test("--kernel takes a multiboot kernel for what it is", async () => {
  const vm = await SpawnedVm.start(["--kernel", petriGuest]);
  await vm.command("cont");
  await vm.prints(READY);
});

test("a kernel without a multiboot header is refused", async () => {
  const path = file("not-multiboot", fakeVmlinux());
  const vm = await SpawnedVm.start(["--multiboot", path, "--initrd", petriGuest]);
  expect((await vm.ended).stderr).toBe(`petri-v86: --multiboot ${path}: no multiboot header in its first 8 KiB\n`);
});
