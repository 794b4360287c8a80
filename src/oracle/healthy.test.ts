import { expect, test } from "vitest";
import { Oracle } from "./oracle.ts";

/** What healthy systems print though it looks bad, as a whole boot: the kernel's clock runs, and prompts stand open. */
const scary = [
  "SeaBIOS (version 1.16.2-debian-1.16.2-1)",
  "Booting from Floppy...",
  "Boot failed: could not read the boot disk",
  "Booting from DVD/CD...",
  "Boot failed: Could not read from CDROM (code 0003)",
  "Booting from Hard Disk...",
  "Welcome to GRUB!",
  "error: no suitable video mode found.",
  "error: file `/boot/grub/locale/en.gmo' not found.",
  "error: file `/usr/share/grub/unicode.pf2' not found.",
  "Loading Linux 6.1.0-32-amd64 ...",
  'BdsDxe: failed to load Boot0001 "UEFI QEMU DVD-ROM QM00003 " from PciRoot(0x0)/Pci(0x1,0x1): Not Found',
  'BdsDxe: loading Boot0002 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x3,0x0)',
  ">>Start PXE over IPv4.",
  "  PXE-E18: Server response timeout.",
  "EFI stub: WARNING: Failed to measure data for event 1: 0x800000000000000b",
  "Decompressing Linux... Parsing ELF... done.",
  "Booting the kernel.",
  "[    0.000000] Linux version 6.1.0-32-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP PREEMPT_DYNAMIC",
  "[    0.000000] Command line: console=ttyS0 panic=1 oops=panic panic_on_warn=1 systemd.unit=emergency.target",
  "[    0.000000] BIOS-provided physical RAM map:",
  "[    0.002000] Spectre V1 : WARNING: `nospectre_v1` specified on command line, mitigation is off",
  "[    0.002100] MDS CPU bug present and SMT on, data leak possible. See https://docs.kernel.org for more details.",
  "[    0.002200] RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!",
  "[    0.002300] x86/fpu: no fault",
  "[    0.010000] Kernel command line: console=ttyS0 panic=1 oops=panic",
  "[    0.020000] rcu: \tRCU lockdep checking is enabled.",
  "[    0.021000] rcu: \tRCU CPU stall warnings timeout set to 60 (rcu_cpu_stall_timeout).",
  "[    0.030000] Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar",
  "[    0.040000] NMI watchdog: Perf event create on CPU 0 failed with -2",
  "[    0.041000] NMI watchdog: Perf NMI watchdog permanently disabled",
  "[    0.042000] watchdog: Hard watchdog permanently disabled",
  "[    0.050000] ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PCI0.XHC.RHUB], AE_NOT_FOUND (20220331/dswload2-162)",
  "[    0.051000] ACPI Error: AE_NOT_FOUND, During name lookup/catalog (20220331/psobject-220)",
  "[    0.052000] ACPI: Skipping parse of AML opcode: Scope (0x0010)",
  "[    0.053000] [Firmware Bug]: TSC_DEADLINE disabled due to Errata; please update microcode to version: 0xb2",
  "[    0.054000] [Firmware Warn]: GHES: Poll interval is 0 for generic hardware error source: 1, disabled.",
  "[    0.060000] kfence: initialized - using 2097152 bytes for 255 objects at 0x(____ptrval____)-0x(____ptrval____)",
  "[    0.070000] BERT: Error records from previous boot:",
  "[    0.080000] mce: CPU0: Thermal monitoring enabled (TM1)",
  "[    0.500000] clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:",
  "[    1.100000] i915 0000:00:02.0: [drm] *ERROR* CPU pipe B FIFO underrun",
  "[    1.110000] [drm:bochs_pci_probe [bochs]] *ERROR* failed to probe: -12",
  "[    1.200000] usb 1-1: device descriptor read/64, error -71",
  "[    1.210000] ata1.00: exception Emask 0x10 SAct 0x0 SErr 0x4050000 action 0xe frozen",
  "[    1.220000] blk_update_request: I/O error, dev fd0, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2",
  "[    1.230000] Buffer I/O error on dev fd0, logical block 0, async page read",
  "[    1.240000] EXT4-fs (vda1): warning: mounting fs with errors, running e2fsck is recommended",
  "[    1.250000] FAT-fs (vda15): Volume was not properly unmounted. Some data may be corrupt. Please run fsck.",
  "[    1.260000] EXT4-fs (vda1): INFO: recovery required on readonly filesystem",
  "[    1.300000] lkdtm: No crash points registered, enable through debugfs",
  "[    1.310000] x86/mm: Checked W+X mappings: passed, no W+X pages found.",
  "[    1.320000] Freeing unused kernel image (initmem) memory: 2664K",
  "[    1.330000] Run /init as init process",
  "Begin: Running /scripts/local-premount ... done.",
  "Warning: fsck not present, so skipping root file system",
  "/dev/vda1: recovering journal",
  "[    2.000000] systemd[1]: Inserted module 'autofs4'",
  "[    2.100000] systemd[1]: /lib/systemd/system/foo.service:5: Unknown key 'PanicOnError' in section [Service], ignoring.",
  "[    2.200000] systemd[1]: systemd-journald.service: Main process exited, code=killed, status=6/ABRT",
  "[    2.300000] systemd[1]: Created slice system-emergency.slice.",
  "[FAILED] Failed to start kdump-tools.service - Kernel crash dump capture service.",
  "See 'systemctl status kdump-tools.service' for details.",
  "[DEPEND] Dependency failed for Local Fatal Trap.",
  "[  OK  ] Stopped Emergency Shell.",
  "[  OK  ] Started Forward Password Requests to Wall Directory Watch.",
  '[    3.000000] audit: type=1701 audit(1.1:9): auid=0 uid=0 pid=9 comm="test" exe="/bin/test" sig=11 res=1',
  "[    3.100000] test[9]: segfault at 0 ip 0000000000401136 sp 00007ffd error 6 in test[401000+1000]",
  "[    3.200000] traps: test[10] trap invalid opcode ip:401136 sp:7ffd error:0 in test[401000+1000]",
  "[    3.300000] Out of memory: Killed process 11 (stress) total-vm:8000kB, anon-rss:100kB, file-rss:0kB, shmem-rss:0kB",
  "[    3.400000] perf: interrupt took too long (2501 > 2500), lowering kernel.perf_event_max_sample_rate to 79000",
  "[    3.500000] INFO: NMI handler (perf_event_nmi_handler) took too long to run: 2.277 msecs",
  "[    3.600000] sched: RT throttling activated",
  "[    3.700000] hrtimer: interrupt took 3128423 ns",
  "[    3.800000] sysrq: HELP : loglevel(0-9) reboot(b) crash(c) terminate-all-tasks(e) memory-full-oom-kill(f)",
  "[    3.900000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15700)",
  "[    4.000000] UBSAN: Undefined Behavior Sanitizer is enabled",
  "[    4.100000] module: loading out-of-tree module taints kernel.",
  "[    4.200000] demo: module verification failed: signature and/or required key missing - tainting kernel",
  "[    4.300000] Warning: unable to open an initial console.",
  "[    4.310000] VFS: Busy loop device, retrying",
  "[    4.320000] watchdog: CPU lockup detectors: soft on, hard off",
  "[    4.330000] systemd[1]: BUG: tracking of demo.scope is off, ignoring",
  "[    4.340000] WARNING: the demo mount option is deprecated and will go away",
  "[    4.350000] rcu: rcu_preempt kthread uses CPU 1",
  "[    4.360000] kqueue: 0 notes, list_add double checked",
  "[    4.400000] random: crng init done",
  "demo login: root",
  "Password: ",
  "Warning: Permanently added '10.0.2.15' (ED25519) to the list of known hosts.",
  "root@demo:~# dmesg | head -2",
  "[    0.000000] Linux version 6.1.0-32-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP PREEMPT_DYNAMIC",
  "[    0.000000] Command line: console=ttyS0 panic=1 oops=panic",
  "root@demo:~# cat /proc/version",
  "Linux version 6.1.0-32-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP PREEMPT_DYNAMIC",
  "root@demo:~# apt-get update",
  "W: GPG error: http://mirror.example bookworm InRelease: The following signatures couldn't be verified",
  "E: Unable to locate package linux-bug-panic",
  "WARNING: apt does not have a stable CLI interface. Use with caution in scripts.",
  "dpkg: warning: while removing demo, directory '/var/lib/panic' not empty so not removed",
  "fatal: not a git repository (or any of the parent directories): .git",
  "error: pathspec 'emergency' did not match any file(s) known to git",
  "bash: mountroot: command not found",
  "BUG: demo could not open its log, see the manual",
  "error: fatal error: demo.h: No such file or directory",
  "fatal error: cannot open file 'demo.c'",
  "thread receive 3: so it goes",
  "This is a BUG in the demo program, please report it to bugs@example.org",
  "assertion failed: panic == 0 (demo.c:12)",
  "Traceback (most recent call last):",
  '  File "demo.py", line 1, in <module>',
  "thread 'main' panicked at src/main.rs:2:5:",
  "ok 3 - survives a kernel panic in the peer",
  "not ok 4 - reports BUG: as an error",
  "Killed",
  "Segmentation fault",
];

test("a healthy boot with everything that looks bad in it has no finding", () => {
  const oracle = new Oracle();
  const log = Buffer.from(scary.join("\r\n"));
  expect([...oracle.push(log), ...oracle.lineSoFar(), ...oracle.settle(), ...oracle.end()]).toEqual([]);
});

test.each(scary)("%s", (line) => {
  const oracle = new Oracle();
  expect([...oracle.push(Buffer.from(line)), ...oracle.lineSoFar(), ...oracle.end()]).toEqual([]);
});

test.each([
  "grub rescue> ",
  "(initramfs) ",
  "ddb{0}> ",
  "dracut:/# ",
  "mountroot> ",
  "Give root password for maintenance\n(or press Control-D to continue): ",
])("the prompt %j is told when the guest waits behind it, and once", (prompt) => {
  const oracle = new Oracle();
  expect([...oracle.push(Buffer.from(prompt))]).toEqual([]);
  const told = [...oracle.lineSoFar(), ...oracle.settle()];
  expect(told).toHaveLength(1);
  const again = Buffer.from(`ls\r\n${prompt}`);
  expect([...oracle.push(again), ...oracle.lineSoFar(), ...oracle.settle()]).toEqual([]);
  expect([...oracle.restarted(), ...oracle.push(again), ...oracle.lineSoFar(), ...oracle.end()]).toHaveLength(1);
});

test("a log that is printed again tells nothing new; the same words at another time do", () => {
  const record = (time: string) => `[   ${time}] BUG: unable to handle page fault for address: ffffffffc0401000\n`;
  const count = (log: string) => {
    const oracle = new Oracle();
    return [...oracle.push(Buffer.from(log)), ...oracle.end()].length;
  };
  expect(count(`${record("12.000001")}fine\n${record("12.000001")}`)).toBe(1);
  expect(count(`${record("12.000001")}fine\n${record("13.000001")}`)).toBe(2);
});
