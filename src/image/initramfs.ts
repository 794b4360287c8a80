import { gzipSync } from "node:zlib";
import { type CpioEntry, writeCpio } from "./cpio.ts";
import { type KernelModule, moduleEntries } from "./modules.ts";

export interface InitramfsParts {
  readonly busybox: Buffer;
  readonly init: Buffer;
  readonly kernelRelease: string;
  readonly modules: readonly KernelModule[];
  /** Those of them that are not loaded for a device, but by name. */
  readonly byHand: readonly string[];
  readonly more?: readonly CpioEntry[];
}

const emptyFolders = ["dev", "etc", "etc/acpi", "etc/acpi/PWRF", "mnt", "proc", "root", "run", "sys", "tmp", "var"];
const binaryFolders = ["sbin", "usr/bin", "usr/sbin"];

/** A root file system in memory: busybox, our init, and drivers. Same parts, same bytes. */
export function writeInitramfs(parts: InitramfsParts): Buffer {
  const entries: CpioEntry[] = [
    ...emptyFolders.map((path): CpioEntry => ({ path, kind: "folder", mode: path === "tmp" ? 0o1777 : 0o755 })),
    { path: "bin/busybox", kind: "file", mode: 0o755, data: parts.busybox },
    { path: "bin/sh", kind: "link", target: "busybox" },
    ...binaryFolders.map((path): CpioEntry => ({ path, kind: "link", target: "/bin" })),
    { path: "init", kind: "file", mode: 0o755, data: parts.init },
    // The kernel opens init's stdin and stdout on it before anything is mounted on /dev.
    { path: "dev/console", kind: "character", mode: 0o600, device: [5, 1] },
    { path: "etc/passwd", kind: "file", mode: 0o644, data: Buffer.from("root::0:0:root:/root:/bin/sh\n") },
    { path: "etc/group", kind: "file", mode: 0o644, data: Buffer.from("root:x:0:\n") },
    // busybox's acpid(8) runs what is named for the event of the power button.
    { path: "etc/acpi/PWRF/00000080", kind: "file", mode: 0o755, data: Buffer.from("#!/bin/sh\nexec poweroff\n") },
    ...(parts.more ?? []),
    ...moduleEntries(parts.kernelRelease, parts.modules, parts.byHand),
  ];
  return gzipSync(writeCpio(entries), { level: 9 });
}
