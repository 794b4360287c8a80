import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Oracle, type OracleOptions } from "./oracle.ts";
import { readKernelLine } from "./printk.ts";
import type { Finding } from "./rule.ts";
import { builtinRules } from "./rules/builtin.ts";

function findingsIn(log: string | Uint8Array, options?: OracleOptions): Finding[] {
  const oracle = new Oracle(options);
  return [...oracle.push(Buffer.from(log)), ...oracle.end()];
}

const crash = [
  "[   11.000000][  T12] random: crng init done",
  "login: [   12.100000][  T12] BUG: KASAN: slab-use-after-free in demo_uaf+0xa8/0xbc",
  "[   12.100100][   C1] eth0: link is up",
  "[   12.100200][  T12] Read of size 1 at addr ffff8801f44ec37b by task insmod/2760",
  "[   12.100300][  T12] Call Trace:",
  "[   12.100400][  T12]  dump_stack+0x94/0xd8",
  "[   12.100500][  T12]  ? guessed+0x1/0x2",
  "[   12.100600][  T12]  demo_uaf.cold+0xa8/0xbc",
  "[   12.100700][  T12]  __x64_sys_finit_module+0x12/0x20",
  "[   12.200000][  T12] Kernel panic - not syncing: KASAN: panic_on_warn set ...",
  "[   12.300000][  T12] ---[ end Kernel panic - not syncing: KASAN: panic_on_warn set ]---",
].join("\r\n");

test.each(builtinRules)("$id finds its own example, and only that", ({ id, os, example }) => {
  const [finding, ...more] = findingsIn(example);
  expect(more).toEqual([]);
  expect(finding?.os).toBe(os);
  expect(
    example.split("\n").map((line) => builtinRules.find(({ start }) => start.test(readKernelLine(line).text))?.id),
  ).toContain(id);
});

test("rules have names of their own", () => {
  expect(new Set(builtinRules.map(({ id }) => id)).size).toBe(builtinRules.length);
});

test("a report has its title, its lines without those of other CPUs, and its place in the stream", () => {
  const [finding, ...more] = findingsIn(crash);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    title: "KASAN: slab-use-after-free Read in demo_uaf",
    type: "kasan-use-after-free-read",
    os: "linux",
    offset: crash.indexOf("login:"),
    corrupted: false,
  });
  expect(finding?.report).not.toContain("link is up");
  expect(finding?.report).toContain("finit_module");
});

test("a report that is cut off says so", () => {
  expect(findingsIn("BUG: kernel NULL pointer dereference, address: 0000000000000010\n")).toMatchObject([
    { title: "BUG: unable to handle kernel NULL pointer dereference in corrupted", corrupted: true },
  ]);
});

test("any chunking gives the same findings", () => {
  const log = Buffer.from(`${crash}\r\n${builtinRules.map(({ example }) => example).join("\n")}`);
  const whole = findingsIn(log);
  expect(whole.length).toBeGreaterThan(20);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 }), (sizes) => {
      const oracle = new Oracle();
      const findings: Finding[] = [];
      for (let at = 0, turn = 0; at < log.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        findings.push(...oracle.push(log.subarray(at, at + size)));
        at += size;
      }
      expect([...findings, ...oracle.end()]).toEqual(whole);
    }),
    { numRuns: 25 },
  );
});

describe("healthy lines that look bad give no finding", () => {
  test.each([
    "[    0.000000] Linux version 6.12.0 (build@demo) #1 SMP",
    "[    0.123456] NMI watchdog: Perf NMI watchdog permanently disabled",
    "[    0.012345] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible",
    "[    0.512345] ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PCI0], AE_NOT_FOUND",
    "[    1.200000] ACPI Error: AE_NOT_FOUND, While resolving a named reference package element",
    "[    1.300000] pci 0000:00:01.0: [Firmware Bug]: reg 0x10: invalid BAR (can't size)",
    "[    1.400000] ERST: Error Record Serialization Table (ERST) support is initialized.",
    "[    1.500000] softdog: initialized. soft_noboot=0 soft_margin=60 sec soft_panic=0 (nowayout=0)",
    "[    1.600000] Lockdown: swapper/0: hibernation is restricted; see man kernel_lockdown.7",
    "[    2.000000] EXT4-fs error (device vda1): ext4_lookup:1706: inode #2: comm ls: deleted inode referenced",
    '[    2.100000] audit: type=1400 audit(1.1:2): apparmor="DENIED" operation="open" info="Failed"',
    "[    2.200000] systemd[1]: Failed to start foo.service - A service that fails.",
    "[FAILED] Failed to start systemd-modules-load.service - Load Kernel Modules.",
    "[DEPEND] Dependency failed for Local File Systems.",
    "         Starting emergency.service - Emergency Shell (not really)...",
    "[    3.000000] UBSAN: enabled",
    "[    3.100000] kfence: initialized - using 2097152 bytes for 255 objects",
    "[    3.200000] KASAN init done",
    "[    3.300000] rcu: RCU lockdep checking is enabled.",
    "[    3.400000] INFO: lockdep is turned off.",
    "[    3.500000] INFO: NMI handler (perf_event_nmi_handler) took too long to run: 2.277 msecs",
    "[    3.600000] kernel panic timeout set to 10",
    "[    3.700000] WARNING: The mand mount option has been deprecated",
    "[    3.800000] traps: demo[123] general protection fault ip:55d0 sp:7ffd error:0 in demo[55d0+1000]",
    "[    3.900000] demo[124]: segfault at 0 ip 000055d0 sp 00007ffd error 4 in demo[55d0+1000]",
    'BdsDxe: failed to load Boot0001 "UEFI QEMU DVD-ROM" from PciRoot(0x0): Not Found',
    'BdsDxe: starting Boot0002 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x3,0x0)',
    'BdsDxe: starting Boot0003 "UEFI Shell" from HD(1,GPT,00000000-0000-0000-0000-000000000000)/\\shellx64.efi',
    "error: no suitable video mode found.",
    "SeaBIOS (version 1.16.2) ... Booting from Hard Disk...",
    "root@demo:~# grep -r panic /var/log; echo 'PASS: no oops'",
    "uvm_fault: see uvm(9)",
    "demo: index out of bounds",
    "WARNING: Running pip as the 'root' user can result in broken permissions",
  ])("%s", (line) => {
    expect(findingsIn(`${line}\n`)).toEqual([]);
  });

  test("a reboot that was asked for", () => {
    const log = [
      "[   99.000000] reboot: Restarting system",
      "[    0.000000] Linux version 6.12.0 (build@demo) #1 SMP",
      "[    5.000000] random: crng init done",
    ].join("\n");
    expect(findingsIn(log)).toEqual([]);
    expect(findingsIn(log.replace("reboot: ", ""))).toMatchObject([{ title: "unexpected kernel reboot" }]);
  });
});

test("EDK2 that falls back to the shell in its own volume had nothing to boot", () => {
  const line =
    'BdsDxe: starting Boot0002 "EFI Internal Shell" from Fv(7CB8BDC9-F8EB-4F34-AAEA-3EE4AF6516A1)/FvFile(7C04)';
  expect(findingsIn(`\x1b[2J\x1b[01;01H${line}\r\n`)).toMatchObject([{ title: "no bootable device", os: "uefi" }]);
});

test.each(["(initramfs) \x1b[6n", "ddb> ", "grub rescue> "])(
  "a prompt is found though the kernel goes on behind it: %s",
  (prompt) => {
    const log = `Enter 'help' for a list of built-in commands.\r\n\r\n${prompt}[    1.979519] tsc: Refined TSC clocksource calibration: 2596.110 MHz\r\n`;
    expect(findingsIn(log)).toMatchObject([{ offset: log.indexOf(prompt), isFinal: true }]);
    expect(findingsIn(log.replace(prompt, "login: "))).toEqual([]);
  },
);

test("GRUB's command line is found in what SeaBIOS sends of it", () => {
  const log = "   Minimal BASH-\x1b[04;16H\x1b[04;17Hlike line editing is supported. For the first word, TAB   \r\n";
  expect(findingsIn(log)).toMatchObject([{ title: "GRUB command line", os: "grub" }]);
});

test("users add rules and ignore titles", () => {
  const extra = [
    { id: "demo", os: "linux", type: "dos", start: /^demo failed: (?<why>\w+)/, title: "demo: {why}", example: "" },
  ] as const;
  expect(findingsIn("demo failed: because\n", { extra })).toMatchObject([{ title: "demo: because", type: "dos" }]);
  expect(findingsIn(crash, { ignore: [/^KASAN: .* in demo_uaf$/g] })).toEqual([]);
});

test("hostile output is kept small and its title is printable", () => {
  const hostile = `Kernel panic - not syncing: ::add-mask::\u202e${"x".repeat(100_000)}\n${"y".repeat(1000).concat("\n").repeat(2000)}`;
  const [finding] = findingsIn(hostile);
  expect(finding?.title.length).toBeLessThanOrEqual(200);
  expect(finding?.title).not.toMatch(/\p{C}/u);
  expect(finding?.report.length).toBeLessThan(100_000);
});

test("a flood without newlines takes linear time and no memory", () => {
  const oracle = new Oracle();
  const chunk = Buffer.alloc(1024 * 1024, "BUG: KASAN: [ 1");
  for (let i = 0; i < 64; i++) expect([...oracle.push(chunk)]).toEqual([]);
  expect([...oracle.end()].length).toBeLessThanOrEqual(1);
}, 10_000);
