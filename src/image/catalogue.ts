import type { ImageRecipe } from "./recipe.ts";

/**
 * The reasons, each measured under TCG or seen in CI:
 * - console=ttyS0: the kernel's log and the shell on COM1;
 * - panic=-1: a panic resets at once, so that it is seen as an event and not as a hang;
 * - cryptomgr.notests: skips crypto self-tests that test no VMM and cost 11-14 % of the boot.
 */
const linuxCmdline = "console=ttyS0 panic=-1 cryptomgr.notests";

/**
 * Time is taken from the HPET or the hypervisor, for it costs nothing here. An emulated CPU measures its own speed at
 * boot, and on a busy host one in thirty found 199 MHz instead of 2594: its clock ran 13 times too fast, and every
 * timeout in the kernel with it.
 */
const steadyClock = "tsc=unstable";

const linux = {
  arch: "x86_64",
  ready: { source: "^PETRI-READY\\r?$", flags: "m" },
  driver: "shell",
  shellPrompt: "petri# ",
  cmdline: `${linuxCmdline} ${steadyClock}`,
} as const;

/** Loaded at boot in a VM that has the device. */
const virtio = ["virtio_pci", "virtio_mmio", "virtio_blk", "virtio_net", "virtio_console", "virtio_rng"];
const common = [...virtio, "button", "evdev", "vmw_vsock_virtio_transport", "pvpanic-mmio", "pvpanic-pci"];
/** Every PC has an IDE controller: looking for disks on it costs a fifth of a boot, needed or not. */
const ata = ["ata_piix", "ahci", "sd_mod", "sr_mod"];
const filesystems = [
  ...["9pnet_virtio", "9p", "virtiofs", "ext4", "crc32c_generic"],
  ...["vfat", "nls_cp437", "nls_ascii", "nls_iso8859-1", "nls_utf8"],
];
/** What makes a guest a host: hypervisors, vhost, sockets between VMs, and a file system to see its own host by. */
const hypervisors = ["kvm_amd", "kvm_intel", "vhost_vsock", "vhost_net", "vsock_loopback", "tun", "loop"];
const hyperv = ["hv_vmbus", "hv_storvsc", "hv_netvsc", "hv_utils", "hv_sock"];
/** A driver leaves its watchdog alone until /dev/watchdog is opened. */
const watchdogs = ["i6300esb", "lpc_ich", "iTCO_wdt", "wdat_wdt"];
/** No bus announces an IB700. */
const blindWatchdogs = ["ib700wdt", "softdog"];

/** A floppy drive is on no bus, and what is plugged into USB turns up when the boot has long gone on. */
const removable = ["floppy", "xhci_pci", "usb_storage", "isofs"];

/** systemd, a shell with the usual programs, sshd, and what these are linked with. */
const systemPackages = [
  "base-files",
  "base-passwd",
  "bash",
  "coreutils",
  "dash",
  "dbus",
  "dbus-bin",
  "dbus-daemon",
  "dbus-system-bus-common",
  "dbus-session-bus-common",
  "debianutils",
  "findutils",
  "grep",
  "gzip",
  "hostname",
  "init-system-helpers",
  "iproute2",
  "kmod",
  "libacl1",
  "libapparmor1",
  "libargon2-1",
  "libattr1",
  "libaudit-common",
  "libaudit1",
  "libblkid1",
  "libbpf1",
  "libbsd0",
  "libbz2-1.0",
  "libc-bin",
  "libc6",
  "libcap-ng0",
  "libcap2",
  "libcbor0.8",
  "libcom-err2",
  "libcrypt1",
  "libcryptsetup12",
  "libdb5.3",
  "libdbus-1-3",
  "libdevmapper1.02.1",
  "libedit2",
  "libelf1",
  "libexpat1",
  "libfdisk1",
  "libfido2-1",
  "libgcc-s1",
  "libgcrypt20",
  "libgpg-error0",
  "libgssapi-krb5-2",
  "libip4tc2",
  "libjson-c5",
  "libk5crypto3",
  "libkeyutils1",
  "libkmod2",
  "libkrb5-3",
  "libkrb5support0",
  "liblz4-1",
  "liblzma5",
  "libmd0",
  "libmnl0",
  "libmount1",
  "libncursesw6",
  "libnsl2",
  "libp11-kit0",
  "libffi8",
  "libgmp10",
  "libpam-modules",
  "libpam-modules-bin",
  "libpam-runtime",
  "libpam0g",
  "libpcre2-8-0",
  "libproc2-0",
  "libseccomp2",
  "libselinux1",
  "libsemanage-common",
  "libsemanage2",
  "libsepol2",
  "libsmartcols1",
  "libssl3",
  "libsystemd-shared",
  "libsystemd0",
  "libtinfo6",
  "libtirpc-common",
  "libtirpc3",
  "libudev1",
  "libuuid1",
  "libwrap0",
  "libxtables12",
  "libzstd1",
  "login",
  "mount",
  "ncurses-base",
  "netbase",
  "openssh-client",
  "openssh-server",
  "openssh-sftp-server",
  "passwd",
  "procps",
  "sed",
  "systemd",
  "systemd-sysv",
  "tar",
  "udev",
  "util-linux",
  "zlib1g",
];

/** What its init loads: the packed root, a layer to write to, and what systemd would load before it is told of devices. */
const rootFileSystem = ["squashfs", "loop", "overlay", "autofs4"];

const diskless = { why: "it is a kernel and its initramfs; write kernel" };

export const catalogue: readonly ImageRecipe[] = [
  {
    name: "petri-guest",
    summary: "a few KB that boot in milliseconds and obey one line at a time; comes with Petri",
    arch: "x86_64",
    boots: { kernel: 32, pcat: 32, uefi: 64 },
    ready: { source: "^petri-guest ready (uefi|pcat|kernel) \\S+", flags: "m" },
    driver: "petri-guest",
    minMemoryBytes: 16 * 2 ** 20,
    source: {
      kind: "shipped",
      folder: "fixtures/petri-guest/built",
      kernel: { file: "petri-guest.elf", format: "multiboot" },
      otherKernels: [{ file: "petri-guest64.elf", format: "elf-pvh" }],
      disk: "petri-guest.img",
    },
  },
  {
    ...linux,
    name: "debian-cloud",
    summary: "Debian's cloud kernel and a busybox shell on COM1: the smallest 64-bit Linux",
    boots: { kernel: 64, pcat: 64, uefi: 64 },
    minMemoryBytes: 192 * 2 ** 20,
    source: {
      kind: "debian",
      debianArch: "amd64",
      kernelPackage: "linux-image-cloud-amd64",
      modules: common,
      byHand: ata,
      hasAgent: true,
    },
  },
  {
    ...linux,
    name: "debian",
    summary: "Debian's full kernel and a busybox shell on COM1: every watchdog and bus a VMM may emulate",
    boots: { kernel: 64, pcat: 64, uefi: 64 },
    minMemoryBytes: 256 * 2 ** 20,
    source: {
      kind: "debian",
      debianArch: "amd64",
      kernelPackage: "linux-image-amd64",
      modules: [...common, ...ata, ...hyperv, "virtio_scsi", "nvme", "e1000", ...watchdogs],
      byHand: [...blindWatchdogs, ...filesystems, ...removable, "af_packet"],
      hasAgent: true,
    },
  },
  {
    ...linux,
    name: "debian-12",
    summary: "Debian 12 as people run it: systemd, a login on COM1 (root, no password), sshd on TCP and vsock",
    boots: { kernel: 64, pcat: 64, uefi: 64 },
    ready: { source: "^petri login: ", flags: "m" },
    login: { user: "root" },
    ssh: { user: "root", port: 22, vsockPort: 22 },
    shellPrompt: "# ",
    cmdline: `${linuxCmdline} ${steadyClock} quiet`,
    minMemoryBytes: 512 * 2 ** 20,
    source: {
      kind: "debian",
      debianArch: "amd64",
      kernelPackage: "linux-image-amd64",
      modules: [...common, ...ata, ...hyperv, "virtio_scsi", "nvme", "e1000", ...watchdogs],
      byHand: [...blindWatchdogs, ...filesystems, ...removable, "af_packet", ...rootFileSystem],
      init: "debian-12/init",
      hasAgent: true,
      system: { packages: systemPackages, files: "debian-12/root" },
    },
  },
  {
    ...linux,
    name: "debian-crash",
    summary:
      "debian-cloud with the command `crash NAME`: oopses, panics, lockups and hung tasks as a kernel reports them",
    boots: { kernel: 64, pcat: 64, uefi: 64 },
    minMemoryBytes: 192 * 2 ** 20,
    source: {
      kind: "debian",
      debianArch: "amd64",
      kernelPackage: "linux-image-cloud-amd64",
      modules: common,
      byHand: ata,
      own: {
        module: { source: "debian-crash/petri_crash.c", flavour: "cloud-amd64" },
        program: "debian-crash/crash",
      },
      hasAgent: true,
      hasInitramfsTools: true,
    },
  },
  {
    ...linux,
    name: "debian-686",
    summary: "Debian's 32-bit kernel without PAE and a busybox shell on COM1: Linux for v86",
    boots: { kernel: 32, pcat: 32, uefi: { why: "its 32-bit kernel cannot be started by 64-bit UEFI firmware" } },
    minMemoryBytes: 128 * 2 ** 20,
    // v86 has no HPET.
    cmdline: linuxCmdline,
    source: {
      kind: "debian",
      debianArch: "i386",
      kernelPackage: "linux-image-686",
      modules: common,
      byHand: [...ata, "ne2k-pci"],
      hasAgent: true,
    },
  },
  {
    name: "lab",
    summary: "Linux with KVM and vhost-vsock that runs a command in its host's files: what `petri lab` boots",
    arch: "x86_64",
    boots: { kernel: 64, pcat: diskless, uefi: diskless },
    ready: { source: "^petri-lab: ", flags: "m" },
    driver: "none",
    // A command there is started by a shell: its kernel log is all that COM1 carries.
    cmdline: linuxCmdline,
    minMemoryBytes: 512 * 2 ** 20,
    source: {
      kind: "debian",
      debianArch: "amd64",
      kernelPackage: "linux-image-amd64",
      modules: ["virtio_pci", "virtio_rng"],
      byHand: [...hypervisors, "9pnet_virtio", "9p", "overlay"],
      init: "lab/init",
      isDiskless: true,
    },
  },
  {
    name: "memtest86+",
    summary: "a memory tester, seen alive on COM1: an operating system that is not Linux",
    arch: "x86_64",
    boots: { kernel: { why: "memtest86+ is started by a boot loader, from a disk" }, pcat: 64, uefi: 64 },
    ready: { source: "Memtest86\\+", flags: "" },
    driver: "none",
    minMemoryBytes: 64 * 2 ** 20,
    // "set_screen_info() failed", says memtest86+ 6.10 under UEFI without one.
    needsDisplay: ["uefi"],
    source: { kind: "memtest", debianArch: "amd64" },
  },
  {
    name: "grub-rescue",
    summary: "a disk whose GRUB finds no modules and stops at `grub rescue>`, as after a lost partition",
    arch: "x86_64",
    boots: { kernel: { why: "GRUB is started from a disk, by firmware" }, pcat: 32, uefi: 64 },
    ready: { source: "^grub rescue> ", flags: "m" },
    driver: "none",
    minMemoryBytes: 64 * 2 ** 20,
    source: { kind: "grub-rescue", debianArch: "amd64" },
  },
];
