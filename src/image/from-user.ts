import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { ChannelName } from "../machine/channel.ts";
import { UsageError } from "../machine/errors.ts";
import type { SshServer } from "../machine/ssh.ts";
import { sha256File } from "./digest.ts";
import type { DiskFile, DriverName, KernelFile, Login, PatternData, ResolvedImage } from "./recipe.ts";
import { type DiskFinding, headLength, type KernelFinding, sniffDisk, sniffKernel } from "./sniff.ts";

/** A disk or kernel of the user's own, and what Petri cannot know about it. */
export interface UserImage {
  readonly disk?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline?: string;
  /** How a disk boots; a disk boots by UEFI unless told otherwise. */
  readonly boot?: "uefi" | "pcat";
  readonly format?: DiskFile["format"];
  /** The kernel's ELF file with symbols. */
  readonly vmlinux?: string;
  readonly login?: Login;
  /** Printed on the console when the guest is up: `login:` of a Linux distribution, for example. */
  readonly ready?: RegExp | PatternData;
  readonly driver?: DriverName;
  readonly shellPrompt?: string;
  readonly hasAgent?: boolean;
  readonly ssh?: SshServer;
  readonly channel?: ChannelName;
  readonly minMemoryBytes?: number;
}

/**
 * The user's own image as data. All that is wrong with it is reported together, as a UsageError: files that are
 * missing or not readable, a kernel that is none, a disk that is not what it is called. Disks are not hashed: they may
 * be large, and change.
 */
export async function imageFromUser(image: UserImage, options: { signal?: AbortSignal } = {}): Promise<ResolvedImage> {
  const problems: string[] = [];
  if (!image.disk === !image.kernel) problems.push("an image is either a disk or a kernel: give exactly one of them");
  if (!image.kernel && (image.initrd || image.cmdline))
    problems.push("initrd and cmdline go with a kernel, not a disk");
  if (image.kernel && image.boot) problems.push("boot says how a disk starts; a kernel is started directly");
  const kernel = image.kernel === undefined ? undefined : probe(image.kernel, "kernel", problems, checkKernel);
  const disk =
    image.disk === undefined ? undefined : probe(image.disk, "disk", problems, (file) => checkDisk(file, image.format));
  const initrd =
    image.initrd === undefined ? undefined : probe(image.initrd, "initrd", problems, ({ path }) => ({ file: path }));
  const vmlinux =
    image.vmlinux === undefined
      ? undefined
      : probe(image.vmlinux, "vmlinux", problems, ({ path }) => ({ file: path }))?.file;
  if (image.ssh?.key !== undefined) checkKey(image.ssh.key, problems);
  if (problems.length > 0) throw UsageError.of(problems, "this image cannot be booted");

  const digests: Record<string, string> = {};
  for (const file of [kernel?.file, initrd?.file]) {
    if (file) digests[file] = await sha256File(file, options.signal);
  }
  const { ready, login, shellPrompt, cmdline, hasAgent, ssh, channel } = image;
  return {
    name: basename(image.disk ?? image.kernel ?? ""),
    version: "user",
    boot: kernel ? "kernel" : (image.boot ?? "uefi"),
    arch: kernel?.format === "arm64-image" ? "aarch64" : "x86_64",
    otherKernels: [],
    driver: image.driver ?? (login || shellPrompt ? "shell" : "none"),
    minMemoryBytes: image.minMemoryBytes ?? 0,
    cpuMode: kernel ? kernel.bits : 64,
    digests,
    notes: [],
    needsDisplay: false,
    ...(kernel && { kernel: { file: kernel.file, format: kernel.format } }),
    ...(initrd && { initrd: initrd.file }),
    ...(cmdline !== undefined && { cmdline }),
    ...(vmlinux !== undefined && { vmlinux }),
    ...(disk && { disk }),
    ...(ready && { ready: { source: ready.source, flags: ready.flags } }),
    ...(login && { login }),
    ...(shellPrompt !== undefined && { shellPrompt }),
    ...(hasAgent !== undefined && { hasAgent }),
    ...(ssh && { ssh: { ...ssh, ...(ssh.key !== undefined && { key: resolve(ssh.key) }) } }),
    ...(channel !== undefined && { channel }),
  };
}

/** One that cannot be read would be noticed only when the guest is up. */
function checkKey(file: string, problems: string[]): void {
  try {
    if (/-----BEGIN [\w ]*PRIVATE KEY-----/.test(readFileSync(file, "latin1"))) return;
    problems.push(`ssh.key ${file}: it is no private key in OpenSSH's or PEM's form`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    problems.push(`ssh.key ${file}: ${whyUnreadable[code ?? ""] ?? message}`);
  }
}

interface Probed {
  readonly path: string;
  readonly kernel: KernelFinding;
  readonly disk: DiskFinding;
}

/** Lets `check` judge the file's contents; what goes wrong becomes a problem. */
function probe<T>(
  path: string,
  role: string,
  problems: string[],
  check: (probed: Probed) => T | string,
): T | undefined {
  const full = resolve(path);
  try {
    const result = check(sniffFile(full));
    if (typeof result !== "string") return result;
    problems.push(`${role} ${path}: ${result}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    problems.push(`${role} ${path}: ${whyUnreadable[code ?? ""] ?? message}`);
  }
  return undefined;
}

const whyUnreadable: Record<string, string> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "it may not be read by this user",
  EISDIR: "it is a folder",
};

function checkKernel({ path, kernel }: Probed): (KernelFile & { bits: 32 | 64 }) | string {
  const { format, bits, what } = kernel;
  if (!format || format === "efi") {
    return `it is ${what}, not a kernel (a bzImage, an ELF with a PVH or multiboot entry, or an arm64 Image)`;
  }
  return { file: path, format, bits: bits ?? 64 };
}

function checkDisk({ path, disk }: Probed, format: DiskFile["format"] | undefined): DiskFile | string {
  if (format && format !== "raw" && format !== disk.format)
    return `format is ${format}, but its contents are ${disk.what}`;
  if (disk.problems.length > 0 && !format) return disk.problems.join("; ");
  if (disk.format === "vmdk" || disk.format === "compressed") return disk.problems.join("; ");
  return { file: path, format: format ?? disk.format };
}

/** What a file is, by its contents. Throws the system's error if it cannot be read. */
function sniffFile(path: string): Probed {
  const fd = openSync(path, "r");
  try {
    const readAt = (offset: number, length: number) => {
      const bytes = Buffer.alloc(Math.min(length, headLength));
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, Math.max(0, offset)));
    };
    const head = readAt(0, headLength);
    const tail = readAt(fstatSync(fd).size - 512, 512);
    return { path, kernel: sniffKernel(head, readAt), disk: sniffDisk(head, tail, basename(path)) };
  } finally {
    closeSync(fd);
  }
}
