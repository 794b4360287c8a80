import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { type KernelFinding, sniffDisk, sniffKernel } from "../image/sniff.ts";
import { floppySizes } from "../machine/disk.ts";
import { UsageError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { formatProblem, type Problem, problem } from "../machine/problem.ts";
import { outputProblems } from "./check-outputs.ts";

/**
 * Looks at every file a machine names, before any process starts. Throws one UsageError with everything wrong: what is
 * missing, unreadable, or not what it is said to be. Returns the machine with each disk's format filled in.
 * `say` puts each into the words of whoever wrote the machine.
 */
export function checkFiles(machine: Machine, say: (problem: Problem) => string = formatProblem): Machine {
  const problems: Problem[] = [];
  const look = (at: Problem["path"], path: string | undefined): Ends | undefined => {
    if (path === undefined) return undefined;
    try {
      if (!statSync(path).isFile() && !statSync(path).isBlockDevice()) {
        problems.push(problem(at, `${path} is not a file; name an image file`));
        return undefined;
      }
      return ends(path);
    } catch (error) {
      problems.push(problem(at, reasonOf(path, error as NodeJS.ErrnoException)));
      return undefined;
    }
  };

  const { boot } = machine;
  if (boot.kind !== "kernel") look(["boot", "firmware"], boot.firmware);
  if (boot.kind === "uefi") look(["boot", "nvram"], boot.nvram);
  if (boot.kind !== "pcat") {
    const finding =
      boot.kernel === undefined ? undefined : lookAtKernel(boot.kernel, look(["boot", "kernel"], boot.kernel));
    const why = finding && wrongKernel(finding, boot.kind);
    if (why) problems.push(problem(["boot", "kernel"], `${boot.kernel} is ${why}`));
    look(["boot", "initrd"], boot.initrd);
  }
  look(["memory", "file"], machine.memory.file);
  const disks = machine.disks.map((disk, index) => {
    const at = ["disks", index, "file"];
    const bytes = look(at, disk.file);
    if (!bytes) return disk;
    if (disk.bus === "floppy" && !floppySizes.includes(bytes.size)) {
      problems.push(problem(at, `${disk.file} has ${bytes.size} bytes, which no floppy has; 1474560 is usual`));
    }
    const { format, what, problems: lies } = sniffDisk(bytes.head, bytes.tail, disk.file);
    if (disk.format === "raw") return disk;
    problems.push(...lies.map((lie) => problem(at, lie)));
    if (disk.format !== undefined && disk.format !== format) {
      problems.push(problem(at, `${disk.file} is said to be ${disk.format}, but its contents are ${what}`));
    }
    // What no VMM reads was refused just now.
    if (format === "vmdk" || format === "compressed") return disk;
    return { ...disk, format, ...(format === "iso" ? { dvd: true, readOnly: true } : {}) };
  });
  problems.push(...machine.filesystems.flatMap(({ path }, index) => wrongFolder(["filesystems", index, "path"], path)));
  problems.push(...outputProblems(machine));
  if (problems.length > 0) throw UsageError.of(problems.map(say), "the machine's files have problems");
  return { ...machine, disks };
}

function wrongFolder(at: Problem["path"], path: string): Problem[] {
  try {
    return statSync(path).isDirectory() ? [] : [problem(at, `${path} is not a folder; name the folder to share`)];
  } catch (error) {
    return [problem(at, reasonOf(path, error as NodeJS.ErrnoException))];
  }
}

const kernelsWanted = "a bzImage, a PVH or multiboot ELF, or an arm64 Image is needed";

/** Why a file cannot be started so, whatever the VMM; undefined if some VMM may start it. */
function wrongKernel({ format, what, bits }: KernelFinding, kind: "uefi" | "kernel"): string | undefined {
  if (!format) return `no kernel but ${what}; ${kernelsWanted}`;
  if (kind === "uefi") {
    const isApplication = format === "efi" || format === "bzImage" || format === "arm64-image";
    return isApplication ? undefined : `${what}, which UEFI firmware cannot start: boot it directly, without uefi`;
  }
  if (format === "efi") return `${what}, which only UEFI firmware can start: boot it by uefi`;
  // Loaders enter an ELF file in 32-bit mode: by its PVH note, its multiboot header, or as a 32-bit Linux kernel.
  return format === "elf" && bits === 64 ? `${what}; ${kernelsWanted}` : undefined;
}

function lookAtKernel(path: string, bytes: { head: Buffer } | undefined): KernelFinding | undefined {
  if (!bytes) return undefined;
  const fd = openSync(path, "r");
  try {
    return sniffKernel(bytes.head, (offset, length) => {
      const part = Buffer.alloc(Math.min(length, mostNoteBytes));
      return part.subarray(0, readSync(fd, part, 0, part.length, offset));
    });
  } finally {
    closeSync(fd);
  }
}

/** An ELF note segment is a few hundred bytes; a header that says more is not believed. */
const mostNoteBytes = 1 << 20;

function reasonOf(path: string, error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return `${path} does not exist; check the path`;
  if (error.code === "EACCES" || error.code === "EPERM") return `${path} cannot be read: permission denied`;
  return `${path} cannot be read: ${error.message}`;
}

interface Ends {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly size: number;
}

/** The first 64 KiB and the last 512 bytes: where image formats have their marks. */
function ends(path: string): Ends {
  const fd = openSync(path, "r");
  try {
    const size = fstatSync(fd).size;
    const head = Buffer.alloc(65_536);
    const length = readSync(fd, head, 0, head.length, 0);
    const tail = Buffer.alloc(Math.min(512, size));
    readSync(fd, tail, 0, tail.length, Math.max(0, size - tail.length));
    return { head: head.subarray(0, length), tail, size };
  } finally {
    closeSync(fd);
  }
}
