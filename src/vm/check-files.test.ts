import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type MachineInput, machineSchema } from "../machine/machine.ts";
import { checkFiles } from "./check-files.ts";

const built = fileURLToPath(new URL("../../fixtures/petri-guest/built/", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "petri-files-"));
const path = (name: string) => join(dir, name);
copyFileSync(join(built, "petri-guest.img"), path("disk.raw"));
copyFileSync(join(built, "petri-guest.img"), path("disk.qcow2"));
copyFileSync(join(built, "petri-guest.elf"), path("guest.elf"));
writeFileSync(path("real.img"), Buffer.concat([Buffer.from("QFI\xfb\0\0\0\x03", "latin1"), Buffer.alloc(2048)]));
writeFileSync(path("text"), "no kernel\n".repeat(100));
writeFileSync(path("empty"), "");
mkdirSync(path("folder"));

const check = (machine: Partial<MachineInput>) =>
  checkFiles(machineSchema.parse({ boot: { kind: "kernel", kernel: path("guest.elf") }, ...machine }));
const problems = (machine: Partial<MachineInput>) => {
  try {
    check(machine);
    return "";
  } catch (error) {
    return (error as Error).message.replaceAll(`${dir}/`, "");
  }
};

test("each disk's format comes from its contents", () => {
  const { disks } = check({ disks: [{ file: path("disk.raw") }, { file: path("real.img") }] });
  expect(disks.map(({ format }) => format)).toEqual(["raw", "qcow2"]);
});

test("everything that is wrong is said at once, each with its option", () => {
  expect(
    problems({
      boot: { kind: "kernel", kernel: path("text"), initrd: path("none") },
      memory: { size: "64M", file: path("folder") },
      disks: [
        { file: path("gone.raw") },
        { file: path("disk.qcow2") },
        { file: path("disk.raw"), format: "vhdx" },
        { file: path("disk.raw"), bus: "floppy" },
      ],
    }),
  ).toMatchInlineSnapshot(`
    "the machine's files have problems:
      - boot.kernel: text is no kernel but data of an unknown kind; a bzImage, a PVH or multiboot ELF, or an arm64 Image is needed
      - boot.initrd: none does not exist; check the path
      - memory.file: folder is not a file; name an image file
      - disks[0].file: gone.raw does not exist; check the path
      - disks[1].file: disk.qcow2 is called .qcow2 but its contents are a raw disk with a boot sector
      - disks[2].file: disk.raw is said to be vhdx, but its contents are a raw disk with a boot sector
      - disks[3].file: disk.raw has 1048576 bytes, which no floppy has; 1474560 is usual"
  `);
});

test("firmware that the machine names must be there", () => {
  expect(problems({ boot: { kind: "uefi", firmware: path("code.fd"), nvram: path("vars.fd") } })).toBe(
    "the machine's files have problems:\n  - boot.firmware: code.fd does not exist; check the path\n  - boot.nvram: vars.fd does not exist; check the path",
  );
  expect(problems({ boot: { kind: "pcat", firmware: path("folder") } })).toBe(
    "boot.firmware: folder is not a file; name an image file",
  );
});

test("an empty kernel is no kernel", () => {
  expect(problems({ boot: { kind: "kernel", kernel: path("empty") } })).toMatch(/^boot\.kernel: empty is no kernel/);
});

test("raw is raw, whatever it looks like, if the user says so", () => {
  expect(check({ disks: [{ file: path("real.img"), format: "raw" }] }).disks[0]?.format).toBe("raw");
});

test("a shared folder must be one", () => {
  const share = (name: string, index: number) => ({ kind: "9p" as const, tag: `t${index}`, path: path(name) });
  expect(problems({ filesystems: [share("folder", 0)] })).toBe("");
  expect(problems({ filesystems: ["folder", "text", "gone"].map(share) })).toMatchInlineSnapshot(`
    "the machine's files have problems:
      - filesystems[1].path: text is not a folder; name the folder to share
      - filesystems[2].path: gone does not exist; check the path"
  `);
});
