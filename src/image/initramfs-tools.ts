import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CpioEntry } from "./cpio.ts";
import type { WantedPackage } from "./packages.ts";

export const initramfsToolsPackages: readonly WantedPackage[] = [{ wanted: "initramfs-tools-core", arch: "amd64" }];

/**
 * Debian's own boot scripts as mkinitramfs(8) lays them out, but beside our init: `rdinit=` with that path boots as a
 * Debian does, up to the root file system it looks for.
 */
export async function initramfsToolsEntries(tree: string): Promise<CpioEntry[]> {
  const share = "usr/share/initramfs-tools";
  const copied = async (path: string, from: string, mode: number): Promise<CpioEntry> => ({
    ...{ path, kind: "file", mode },
    data: await readFile(join(tree, from)),
  });
  const scripts = ["functions", "local", "nfs"];
  return [
    await copied(`${share}/init`, `${share}/init`, 0o755),
    ...(await Promise.all(scripts.map((name) => copied(`scripts/${name}`, `${share}/scripts/${name}`, 0o644)))),
    await copied("conf/initramfs.conf", "etc/initramfs-tools/initramfs.conf", 0o644),
    { path: "conf/arch.conf", kind: "file", mode: 0o644, data: Buffer.from("DPKG_ARCH=amd64\n") },
    // What init runs before /proc is there, from which busybox knows itself.
    ...["mkdir", "mount"].map((name): CpioEntry => ({ path: `bin/${name}`, kind: "link", target: "busybox" })),
  ];
}
