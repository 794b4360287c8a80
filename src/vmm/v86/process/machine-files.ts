import { readFile } from "node:fs/promises";
import { type LineName, lineNames, type Options } from "./argv.ts";
import type { Disk, Machine } from "./machine.ts";
import { floppySize, OverlayDisk, wholeSectors } from "./overlay-disk.ts";

const diskSizes = {
  hda: wholeSectors(512),
  hdb: wholeSectors(512),
  cdrom: wholeSectors(2048),
  fda: floppySize,
  fdb: floppySize,
};
type DiskName = keyof typeof diskSizes;
type Boot = Pick<Machine, "multiboot" | "kernel" | "initrd" | "bios" | "vgaBios">;

/** Opens what the command line names. Throws an AggregateError with one line for each file that cannot be used. */
export async function readMachine(options: Options): Promise<Machine> {
  const problems: Error[] = [];
  const use: Use = async (option, path, open) => {
    if (path === undefined) return undefined;
    try {
      return await open(path);
    } catch (error) {
      problems.push(new Error(`--${option} ${path}: ${(error as Error).message}`));
      return undefined;
    }
  };

  const boot = await readBoot(options, use);
  const disks: Partial<Record<DiskName, Disk>> = {};
  for (const name of Object.keys(diskSizes) as DiskName[]) {
    const disk = await use(name, options[name], (path) => new OverlayDisk(path, diskSizes[name]));
    if (disk) disks[name] = disk;
  }
  if (problems.length > 0) throw new AggregateError(problems);

  const { memoryBytes, cmdline, bootOrder, nic, watchdog } = options;
  const lines: LineName[] = lineNames.filter((name) => options.consoles[name] !== undefined);
  return { memoryBytes, lines, cmdline, bootOrder, nic, disks, ...boot, ...(watchdog && { watchdog }) };
}

type Use = <T>(
  option: string,
  path: string | undefined,
  open: (path: string) => T | Promise<T>,
) => Promise<T | undefined>;

async function readBoot(options: Options, use: Use): Promise<Boot> {
  const [multiboot, initrd, bios, vgaBios] = await Promise.all([
    use("multiboot", options.multiboot, readMultiboot),
    use("initrd", options.initrd, readWhole),
    use("bios", options.bios, readWhole),
    use("vga-bios", options.vgaBios, readWhole),
  ]);
  const kernel = await use("kernel", options.kernel, async (path) => {
    const bytes = await readFile(path);
    // A kernel is told by what it is: multiboot says so itself, everything else has to be Linux.
    if (hasMultibootHeader(bytes)) return { multiboot: ownBuffer(bytes), ...(initrd && { initrd }) };
    if (options.bios !== undefined) return { kernel: ownBuffer(bytes), ...(initrd && { initrd }) };
    return { multiboot: await linuxImage(bytes, initrd, options) };
  });
  return {
    ...(multiboot && { multiboot, ...(initrd && { initrd }) }),
    ...kernel,
    ...(bios && { bios }),
    ...(vgaBios && { vgaBios }),
  };
}

async function readWhole(path: string): Promise<ArrayBuffer> {
  return ownBuffer(await readFile(path));
}

// Without a BIOS a Linux kernel needs no boot loader either. Few machines have one, so its code comes when needed.
async function linuxImage(kernel: Buffer, initrd: ArrayBuffer | undefined, options: Options): Promise<ArrayBuffer> {
  const { linuxMultiboot } = await import("./linux-multiboot.ts");
  const { cmdline, memoryBytes } = options;
  return ownBuffer(linuxMultiboot({ kernel, cmdline, memoryBytes, ...(initrd && { initrd: new Uint8Array(initrd) }) }));
}

// v86 says nothing about a kernel without a multiboot header: it would run whatever is in memory.
async function readMultiboot(path: string): Promise<ArrayBuffer> {
  const bytes = await readFile(path);
  if (hasMultibootHeader(bytes)) return ownBuffer(bytes);
  throw new RangeError("no multiboot header in its first 8 KiB");
}

function hasMultibootHeader(bytes: Buffer): boolean {
  // Multiboot 0.6.96 §3.1: in the first 8192 bytes, on a 4-byte boundary, magic + flags + checksum = 0.
  for (let at = 0; at + 12 <= Math.min(bytes.length, 8192); at += 4) {
    const [magic, flags, checksum] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)];
    if (magic === 0x1badb002 && ((magic + flags + checksum) | 0) === 0) return true;
  }
  return false;
}

// v86 wants a whole ArrayBuffer; small files come as a part of Node's pool.
function ownBuffer(bytes: Buffer): ArrayBuffer {
  if (bytes.length === bytes.buffer.byteLength) return bytes.buffer as ArrayBuffer; // Node's are never shared
  return new Uint8Array(bytes).buffer;
}
