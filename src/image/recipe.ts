import type { ChannelName } from "../machine/channel.ts";
import type { BootKind, diskFormats } from "../machine/machine.ts";
import type { SshServer } from "../machine/ssh.ts";

/** How an image is told to be up, and how to talk to it from then on. */
export type DriverName = "petri-guest" | "shell" | "none";

/** A pattern as plain data, so that it survives JSON: `new RegExp(source, flags)`. */
export interface PatternData {
  readonly source: string;
  readonly flags: string;
}

export interface Login {
  readonly user: string;
  readonly password?: string;
}

export type KernelFormat = "bzImage" | "elf-pvh" | "elf" | "multiboot" | "arm64-image" | "efi";

export interface KernelFile {
  readonly file: string;
  readonly format: KernelFormat;
}

export interface DiskFile {
  readonly file: string;
  readonly format: (typeof diskFormats)[number];
}

/** One image, ready to be booted one way: plain data and absolute paths of files that were verified just now. */
export interface ResolvedImage {
  readonly name: string;
  /** What is inside: the kernel package's version, for example. */
  readonly version: string;
  readonly boot: BootKind;
  readonly arch: "x86_64" | "aarch64";
  /** The kernel that starts fastest where several are given; only for the boot kind `kernel`. */
  readonly kernel?: KernelFile;
  /** The same kernel in the forms other VMMs want (QEMU and OpenVMM take an ELF, v86 takes either). */
  readonly otherKernels: readonly KernelFile[];
  readonly initrd?: string;
  readonly cmdline?: string;
  /** Never written to: VMMs boot from an overlay or a copy. */
  readonly disk?: DiskFile;
  /** The kernel's ELF file with symbols, for the source lines of crash reports. */
  readonly vmlinux?: string;
  readonly ready?: PatternData;
  readonly login?: Login;
  readonly driver: DriverName;
  /** The exact text the shell prints when it waits for a command. */
  readonly shellPrompt?: string;
  /** It starts `petri-agent serve` in a machine that has what that listens on. */
  readonly hasAgent?: boolean;
  readonly ssh?: SshServer;
  /** How to drive it, if not by the best channel there is. */
  readonly channel?: ChannelName;
  readonly minMemoryBytes: number;
  /** The CPU mode the guest ends up in; v86 has no 64-bit one. */
  readonly cpuMode: 16 | 32 | 64;
  /** It does not start without a graphics adapter. */
  readonly needsDisplay: boolean;
  /** sha256 of every file above, by path. */
  readonly digests: Readonly<Record<string, string>>;
  /** What the user should know, such as a kernel newer than the one in the lock. */
  readonly notes: readonly string[];
}

/** One thing a build is doing. `fraction` is there when the end is known. */
export interface ImageProgress {
  readonly image: string;
  readonly step: string;
  readonly detail?: string;
  readonly fraction?: number;
}

export interface ImageOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImageProgress) => void;
}

/** A catalogue entry: what the image is, and what it is made from. */
export interface ImageRecipe {
  readonly name: string;
  readonly summary: string;
  readonly arch: "x86_64" | "aarch64";
  /** The ways it boots with the CPU mode it ends in; the others with the reason why not. */
  readonly boots: Readonly<Record<BootKind, 16 | 32 | 64 | { readonly why: string }>>;
  readonly ready?: PatternData;
  readonly login?: Login;
  readonly driver: DriverName;
  readonly shellPrompt?: string;
  readonly ssh?: SshServer;
  readonly cmdline?: string;
  readonly minMemoryBytes: number;
  /** The ways of booting that need a graphics adapter. */
  readonly needsDisplay?: readonly BootKind[];
  readonly source: ShippedSource | BuiltSource;
}

/** What is made from packages when it is first asked for. */
export type BuiltSource = DebianSource | MemtestSource | GrubRescueSource;

/** Files that come with the package; paths are relative to its root. */
export interface ShippedSource {
  readonly kind: "shipped";
  readonly folder: string;
  readonly kernel: KernelFile;
  readonly otherKernels: readonly KernelFile[];
  readonly disk: string;
}

/** A stock Debian kernel with a busybox initramfs of ours. */
export interface DebianSource {
  readonly kind: "debian";
  readonly debianArch: "amd64" | "i386";
  /** The package that depends on the newest kernel of its flavour. */
  readonly kernelPackage: string;
  /** Kernel modules put into the initramfs with what they need; loaded at boot where the VM has the device. */
  readonly modules: readonly string[];
  /** More of them, loaded by `modprobe NAME` or `mount`, not for a device. */
  readonly byHand: readonly string[];
  /** The initramfs's PID 1, a file in `images/`; debian/init if absent. */
  readonly init?: string;
  /** Only the kernel boots it: no disk is made. */
  readonly isDiskless?: true;
  /** What the image has of ours besides init. */
  readonly own?: OwnParts;
  /** Petri's own program for guests goes in as /bin/petri-agent, and serves the host by vsock. */
  readonly hasAgent?: true;
  /** A whole system on top of the initramfs, which then only finds its root. */
  readonly system?: SystemParts;
  /** Debian's own boot scripts go in too, started by `rdinit=/usr/share/initramfs-tools/init`. */
  readonly hasInitramfsTools?: true;
}

/** A Debian made of packages, without running their scripts. */
export interface SystemParts {
  /** All of them: what they depend on is not looked up. */
  readonly packages: readonly string[];
  /** A folder in `images/` that is laid over them: what their scripts would have written, and what is ours. */
  readonly files: string;
}

/** Files in `images/` that go into an initramfs. */
export interface OwnParts {
  /** A kernel module in C, loaded by hand, and the flavour of the kernel's headers, such as `cloud-amd64`. */
  readonly module: { readonly source: string; readonly flavour: string };
  /** A program for the guest's `/bin`. */
  readonly program: string;
}

export interface MemtestSource {
  readonly kind: "memtest";
  readonly debianArch: "amd64";
}

export interface GrubRescueSource {
  readonly kind: "grub-rescue";
  readonly debianArch: "amd64";
}
