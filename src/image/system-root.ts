import { chmod, cp, mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../host/run.ts";
import type { CpioEntry } from "./cpio.ts";
import { packageRoot } from "./lock-file.ts";
import type { WantedPackage } from "./packages.ts";
import type { SystemParts } from "./recipe.ts";
import { hostArch, toolLibraries } from "./tools.ts";

/** mksquashfs runs here. */
const packers = ["squashfs-tools", "liblzo2-2", "liblz4-1", "libzstd1", "liblzma5", "zlib1g"];

export const packerPackages: readonly WantedPackage[] = packers.map((wanted) => ({ wanted, arch: hostArch }));

/** Debian 12 has these folders in /usr only, and its packages still ship them in both places. */
const mergedFolders = ["bin", "sbin", "lib", "lib64"];

/** What a system under test does not use, half of all by size: hardware names, character sets, manuals, keys' keepers. */
const unwanted = [
  ...["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian"],
  ...["usr/share/bash-completion", "usr/share/zsh", "usr/lib/udev/hwdb.d", "usr/lib/x86_64-linux-gnu/gconv"],
  ...["etc/init.d", "etc/rc0.d", "etc/rc1.d", "etc/rc2.d", "etc/rc3.d", "etc/rc4.d", "etc/rc5.d", "etc/rc6.d"],
  ...["etc/rcS.d", "etc/sv", "etc/ssh/moduli", "usr/bin/localedef", "usr/bin/ssh-add", "usr/bin/ssh-agent"],
  ...["usr/bin/ssh-keyscan", "usr/lib/openssh/ssh-keysign", "usr/lib/openssh/ssh-pkcs11-helper"],
  ...["usr/lib/openssh/ssh-sk-helper"],
];

/** Where the kernel and systemd find what is mounted, and programs what they write. */
const emptyFolders = ["dev", "proc", "sys", "run", "tmp", "mnt", "root", "usr/lib/petri", "var/empty", "var/log"];

const units = "etc/systemd/system";

/**
 * Nobody sits at a screen, nothing is kept from boot to boot, the users are there, and nothing grows old enough to be
 * cleaned: each would cost a part of every boot.
 */
const masked = [
  ...["getty@.service", "systemd-firstboot.service", "systemd-sysusers.service", "systemd-random-seed.service"],
  ...["systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"],
  ...["systemd-tmpfiles-clean.timer", "proc-sys-fs-binfmt_misc.automount"],
];

/**
 * What `systemctl enable` would have linked. Nobody listens for SSH until systemd does, and no sshd runs until somebody
 * connects.
 */
const links: Readonly<Record<string, string>> = {
  [`${units}/default.target`]: "/lib/systemd/system/multi-user.target",
  [`${units}/sockets.target.wants/petri-sshd.socket`]: "../petri-sshd.socket",
  [`${units}/sockets.target.wants/petri-sshd-vsock.socket`]: "../petri-sshd-vsock.socket",
  [`${units}/petri-sshd-vsock@.service`]: "petri-sshd@.service",
  [`${units}/multi-user.target.wants/petri-agent.service`]: "../petri-agent.service",
  [`${units}/multi-user.target.wants/systemd-networkd.service`]: "/lib/systemd/system/systemd-networkd.service",
  ...Object.fromEntries(masked.map((unit) => [`${units}/${unit}`, "/dev/null"])),
  // The kernel's modules are found by the tables of the initramfs, which kmod does not read.
  "usr/sbin/modprobe": "../lib/petri/busybox",
};

/** Makes the folders that packages are unpacked into, so that what they ship for /bin comes to /usr/bin. */
export async function prepareSystemTree(tree: string): Promise<void> {
  for (const folder of mergedFolders) {
    await mkdir(join(tree, "usr", folder), { recursive: true });
    await symlink(`usr/${folder}`, join(tree, folder));
  }
}

/**
 * The unpacked packages as a root file system in one file, owned by root whoever builds it: what their configuration
 * scripts would have written is in the recipe's own files. The same packages give the same bytes.
 */
export async function packSystemRoot(
  { files }: SystemParts,
  { tree, toolTree, workFolder, signal }: { tree: string; toolTree: string; workFolder: string; signal?: AbortSignal },
): Promise<CpioEntry> {
  for (const path of unwanted) await rm(join(tree, path), { recursive: true, force: true });
  for (const path of emptyFolders) await mkdir(join(tree, path), { recursive: true });
  await chmod(join(tree, "root"), 0o700);
  await chmod(join(tree, "tmp"), 0o1777);
  await cp(join(packageRoot, "images", files), tree, { recursive: true, force: true });
  await chmod(join(tree, "etc/shadow"), 0o600);
  for (const [path, target] of Object.entries(links)) {
    await mkdir(join(tree, path, ".."), { recursive: true });
    await rm(join(tree, path), { force: true });
    await symlink(target, join(tree, path));
  }
  const packed = join(workFolder, "root.squashfs");
  const same = ["-all-root", "-all-time", "0", "-mkfs-time", "0", "-no-xattrs"];
  await runCommand(
    join(toolTree, "usr/bin/mksquashfs"),
    [tree, packed, "-noappend", "-no-progress", "-quiet", "-comp", "zstd", ...same],
    { env: toolLibraries(toolTree), ...(signal && { signal }) },
  );
  return { path: "root.squashfs", kind: "file", mode: 0o444, data: await readFile(packed) };
}

/** Every file of the recipe's own, from the package's root on, in order; names and contents both go into the image. */
export async function systemFiles({ files }: SystemParts): Promise<string[]> {
  const folder = join("images", files);
  const entries = await readdir(join(packageRoot, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(packageRoot.length))
    .sort();
}
