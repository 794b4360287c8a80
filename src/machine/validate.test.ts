import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "./errors.ts";
import type { MachineInput } from "./machine.ts";
import { parseMachine } from "./validate.ts";

const uefi = { boot: { kind: "uefi" } } as const;

/** What parseMachine says, one line a problem. */
function complaints(input: unknown): string {
  try {
    parseMachine(input);
  } catch (error) {
    if (error instanceof UsageError) return `\n${error.message}\n`;
    throw error;
  }
  return "";
}

test("what is left out gets its default", () => {
  expect(parseMachine(uefi)).toMatchInlineSnapshot(`
    {
      "arch": "x86_64",
      "boot": {
        "frontpage": true,
        "kind": "uefi",
      },
      "chipset": "auto",
      "clock": "real",
      "consoles": {
        "com1": "capture",
      },
      "disks": [],
      "display": "none",
      "filesystems": [],
      "memory": {
        "hugepages": false,
        "prefetch": false,
        "size": 1073741824,
      },
      "name": "vm",
      "nics": [],
      "ports": [],
      "power": {
        "crash": "halt",
        "reset": "reset",
        "shutdown": "halt",
        "watchdog": "reset",
      },
      "processors": {
        "count": 1,
        "features": [],
      },
      "rng": false,
      "rtc": "utc",
    }
  `);
});

test("a parsed machine parses to itself", () => {
  const machine = parseMachine({
    boot: { kind: "pcat" },
    processors: { cores: 2, threads: 2 },
    memory: { size: "2G", shared: false, thp: true },
    disks: [{ file: "a.img" }, { file: "b.ISO" }],
    nics: [{ forward: [{ hostPort: 2222, guestPort: 22 }] }],
    display: { vnc: {} },
  });
  expect(parseMachine(machine)).toEqual(machine);
  expect(parseMachine(JSON.parse(JSON.stringify(machine)))).toEqual(machine);
});

test("the topology gives the count, an iso its drive, the BIOS its bus", () => {
  const { processors, disks } = parseMachine({
    boot: { kind: "pcat" },
    processors: { cores: 2, threads: 2 },
    disks: [{ file: "a.img" }, { file: "b.iso" }, { file: "c.iso", format: "raw" }],
  });
  expect(processors.count).toBe(4);
  expect(disks).toMatchObject([
    { bus: "ide", dvd: false },
    { bus: "ide", dvd: true, readOnly: true, format: "iso" },
    { bus: "ide", dvd: false, readOnly: false },
  ]);
  expect(parseMachine({ ...uefi, disks: [{ file: "a.img" }, { file: "x", dvd: true }] }).disks).toMatchObject([
    { bus: "virtio" },
    { bus: "ide", readOnly: true },
  ]);
});

test("an editor's $schema key is no part of the machine", () => {
  expect(parseMachine({ $schema: "petri.schema.json", ...uefi })).toEqual(parseMachine(uefi));
});

test("every problem of every field is told at once", () => {
  const wrong = {
    nmae: "x",
    boot: { kind: "uefix" },
    memory: { size: "4Q", sise: 1 },
    processors: { count: 0.5, model: "max max" },
    disks: [{ file: "", bus: "ahcii" }],
    nics: {},
    consoles: { com1: "serial", com5: "none" },
    power: { crash: "exit:256", shutdown: "stop" },
    display: { vnc: { prt: 1 } },
    watchdog: "best",
    vmmOptions: { quemu: [] },
    rng: "yes",
    chipset: 35,
  };
  expect(complaints(wrong)).toMatchInlineSnapshot(`
    "
    the machine has problems:
      - boot.kind: "uefix" is not accepted: write { kind: "uefi" }, { kind: "pcat" } or { kind: "kernel", kernel: PATH }
      - processors.count: 0.5 is not accepted: write a whole number from 1 to 1024
      - processors.model: "max max" is not accepted: write a CPU model of the VMM, such as host, max or EPYC
      - memory.size: "4Q" is not accepted: write a whole number with K, M, G or T, such as 512M or 4G
      - memory.sise: unknown key: did you mean "size"?
      - disks[0].file: "" is not accepted: write the path of a file
      - disks[0].bus: "ahcii" is not accepted: write ide, ahci, scsi, nvme, virtio, usb or floppy (did you mean "ahci"?)
      - nics: {} is not accepted: write a list
      - consoles.com1: "serial" is not accepted: write none, capture, console, stderr, listen=PATH, listen=tcp:IP:PORT or file=PATH
      - consoles.com5: unknown key: did you mean "com1"?
      - power.shutdown: "stop" is not accepted: write reset, halt, exit or exit:CODE with CODE from 0 to 255
      - power.crash: "exit:256" is not accepted: write reset, halt, exit or exit:CODE with CODE from 0 to 255
      - rng: "yes" is not accepted: write true or false
      - display.vnc.prt: unknown key: did you mean "port"?
      - chipset: 35 is not accepted: write auto, pc, q35 or microvm
      - watchdog: "best" is not accepted: write any, i6300esb, ib700, itco, wdat or { heartbeat: "10s" }
      - vmmOptions.quemu: unknown key: did you mean "qemu"?
      - nmae: unknown key: did you mean "name"?
    "
  `);
});

test("a wrong field hides no rule that concerns others", () => {
  const wrong = {
    boot: { kind: "uefi", initrd: "i" },
    memory: { size: "4Q" },
    disks: [
      { file: "a", slot: 1 },
      { file: "b", slot: 1 },
    ],
    watchdog: "best",
    power: { watchdog: "halt" },
  };
  expect(complaints(wrong)).toMatchInlineSnapshot(`
    "
    the machine has problems:
      - memory.size: "4Q" is not accepted: write a whole number with K, M, G or T, such as 512M or 4G
      - watchdog: "best" is not accepted: write any, i6300esb, ib700, itco, wdat or { heartbeat: "10s" }
      - boot.initrd: needs boot.kernel: name the kernel it is for, or leave it out
      - disks[1].slot: slot 1 of virtio is already taken by a (disks[0]): choose another or leave it out
    "
  `);
});

test.each([undefined, null, 5, "x", [], new Date(0)])("%o is no machine", (input) => {
  expect(complaints(input)).not.toBe("");
});

describe("combinations that cannot be", () => {
  const rules: Record<string, Partial<MachineInput> & object> = {
    "topology and count": { processors: { count: 4, sockets: 1, cores: 2, threads: 1 } },
    "part of a topology": { processors: { count: 5, cores: 2 } },
    "features that contradict": { processors: { features: ["+avx", "-avx"] } },
    "thp of shared RAM": { memory: { thp: true } },
    "hugepages of private RAM": { memory: { hugepages: true, shared: false } },
    "hugepages and a file": { memory: { hugepages: true, file: "m.bin" } },
    "hugepageSize alone": { memory: { hugepageSize: "2M" } },
    "hugepageSize and size": { memory: { size: "3M", hugepages: true, hugepageSize: "2M" } },
    "hugepageSize that is none": { memory: { hugepages: true, hugepageSize: "3M" } },
    "a size without suffix": { memory: { size: 512 } },
    "a size of half a page": { memory: { size: 2 ** 20 + 5 } },
    "pcat on arm64": { arch: "aarch64", boot: { kind: "pcat" } },
    "a chipset on arm64": { arch: "aarch64", chipset: "q35" },
    "frontpage of a BIOS": { boot: { kind: "pcat", frontpage: false } as never },
    "firmware of a kernel": { boot: { kind: "kernel", kernel: "k", firmware: "f" } as never },
    "initrd without kernel": { boot: { kind: "uefi", initrd: "i", cmdline: "c" } },
    "no kernel": { boot: { kind: "kernel" } as never },
    "one slot twice": {
      disks: [
        { file: "a.img", slot: 0 },
        { file: "b.img", slot: 0 },
      ],
    },
    "a slot that is not there": { disks: [{ file: "a", bus: "ide", slot: 4 }] },
    "too many disks": { disks: ["a", "b", "c"].map((file) => ({ file, bus: "floppy" as const })) },
    "persist and readOnly": { disks: [{ file: "a", persist: true, readOnly: true }] },
    "persist of an iso": { disks: [{ file: "a.iso", persist: true }] },
    "a dvd on virtio": { disks: [{ file: "a.iso", bus: "virtio" }] },
    "a dvd in vhd": { disks: [{ file: "a", dvd: true, format: "vhd" }] },
    "a floppy in qcow2": { disks: [{ file: "a", bus: "floppy", format: "qcow2" }] },
    "one file written twice": { disks: [{ file: "a", persist: true }, { file: "a" }] },
    "one port twice": { nics: [{ forward: [port("127.0.0.1"), port("0.0.0.0")] }] },
    "a port of VNC and of a console": {
      display: { vnc: { port: 4555 } },
      consoles: { com2: "listen=tcp:127.0.0.1:4555" },
    },
    "two terminals": { consoles: { com1: "console", hvc0: "console" } },
    "one path twice": { consoles: { com1: "listen=run/a", com2: "file=run/a" } },
    "a log over a disk": { consoles: { com1: "file=d.img" }, disks: [{ file: "d.img" }] },
    "one address twice": { nics: [{ mac: "52:54:00:12:34:56" }, { mac: "52-54-00-12-34-56" }] },
    "an MTU of a card that cannot tell it": { nics: [{ model: "e1000", mtu: 9000 }] },
    "a group address": { nics: [{ mac: "01:00:5e:00:00:01" }] },
    "a watchdog's action without one": { power: { watchdog: "exit:3" } },
    "a heartbeat in time that flies": { watchdog: { heartbeat: "5s" }, clock: "warp" },
    "a heartbeat on a console that is not there": { watchdog: { heartbeat: "5s", console: "com2" } },
  };

  test("each is told with what to do", () => {
    const told = Object.entries(rules).map(([name, part]) => `${name}\n  ${complaints({ ...uefi, ...part }).trim()}`);
    expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      topology and count
        processors: 1 sockets × 2 cores × 1 threads is 2, but count is 4: make them agree
      part of a topology
        processors: 2 cores cannot make count 5: make them agree
      features that contradict
        processors.features: +avx and -avx: keep one of them
      thp of shared RAM
        memory.thp: needs shared off: transparent huge pages are for private RAM
      hugepages of private RAM
        memory.hugepages: needs shared on: hugetlb pages are shared RAM
      hugepages and a file
        memory.hugepages: cannot be combined with file m.bin: leave one out
      hugepageSize alone
        memory.hugepageSize: needs hugepages on
      hugepageSize and size
        memory.hugepageSize: 2M does not divide size 3M: 4M would fit
      hugepageSize that is none
        memory.hugepageSize: 3M is no page size: write a power of two, such as 2M or 1G
      a size without suffix
        memory.size: 512 bytes are less than 1M: write a suffix, such as 512M
      a size of half a page
        memory.size: 1048581 bytes are not whole pages: write a multiple of 4096, such as 1028K
      pcat on arm64
        boot.kind: pcat needs arch x86_64: a BIOS exists only there; write uefi or kernel
      a chipset on arm64
        chipset: "q35" needs arch x86_64: leave the chipset out
      frontpage of a BIOS
        boot.frontpage: only for boot uefi: leave it out or boot that way
      firmware of a kernel
        boot.firmware: only for boot uefi or pcat: leave it out or boot that way
      initrd without kernel
        the machine has problems:
        - boot.initrd: needs boot.kernel: name the kernel it is for, or leave it out
        - boot.cmdline: needs boot.kernel: name the kernel it is for, or leave it out
      no kernel
        boot.kernel: missing: write the path of a file
      one slot twice
        disks[1].slot: slot 0 of virtio is already taken by a.img (disks[0]): choose another or leave it out
      a slot that is not there
        disks[0].slot: 4 is not on ide: write 0 to 3
      too many disks
        disks[2]: c is one too many: floppy holds 2 disks
      persist and readOnly
        disks[0].persist: a is read-only: leave one out
      persist of an iso
        disks[0].persist: a.iso is an optical disc, which is read-only: leave one out
      a dvd on virtio
        disks[0].bus: virtio has no optical drives: put a.iso on ide, ahci, scsi or usb
      a dvd in vhd
        disks[0].format: vhd is no format of an optical disc: write iso or raw
      a floppy in qcow2
        disks[0].format: qcow2 is no format of a floppy: write raw
      one file written twice
        disks[1].file: a is also disks[0] and persist is set: use it once
      one port twice
        nics[0].forward[1].hostPort: tcp port 2222 of the host is already used by nics[0].forward[0].hostPort: choose another
      a port of VNC and of a console
        display.vnc.port: tcp port 4555 of the host is already used by consoles.com2: choose another
      two terminals
        consoles.hvc0: the terminal (console) is already used by consoles.com1: choose another
      one path twice
        consoles.com2: the path run/a is already used by consoles.com1: choose another
      a log over a disk
        consoles.com1: d.img is part of the machine and would be overwritten
      one address twice
        nics[1].mac: 52:54:00:12:34:56 is already the address of nics[0]: choose another
      an MTU of a card that cannot tell it
        nics[0].mtu: needs model virtio: e1000 has no way to tell its guest
      a group address
        nics[0].mac: 01:00:5e:00:00:01 is a multicast address: make the first pair even, as in 52:54:00:12:34:56
      a watchdog's action without one
        power.watchdog: "exit:3" needs a watchdog: set watchdog to any
      a heartbeat in time that flies
        watchdog.heartbeat: a heartbeat is counted in the host's time, and a warped guest has another: set a device, such as any
      a heartbeat on a console that is not there
        watchdog.console: the machine has no com2 to listen to: set consoles.com2 to capture
      "
    `);
  });

  test("none of them is refused without its partner", () => {
    const right: Partial<MachineInput>[] = [
      { memory: { thp: true, shared: false } },
      { memory: { size: "4M", hugepages: true, hugepageSize: "2M" } },
      { processors: { count: 4, cores: 2 } },
      { disks: [{ file: "a", slot: 0 }, { file: "b", slot: 0, bus: "nvme" }, { file: "a" }] },
      { nics: [{ forward: [port("127.0.0.1"), port("127.0.0.2"), { ...port("127.0.0.1"), protocol: "udp" }] }] },
      { watchdog: "any", power: { watchdog: "exit:3" } },
      { consoles: { com1: "console", com2: "file=a", com3: "file=b", com4: "none", hvc0: "none" } },
    ];
    for (const part of right) expect(complaints({ ...uefi, ...part })).toBe("");
  });
});

test("garbage is refused with a UsageError and nothing else", () => {
  const keys = fc.constantFrom(
    "boot",
    "memory",
    "disks",
    "nics",
    "consoles",
    "power",
    "display",
    "processors",
    "vmmOptions",
    "x",
  );
  const inner = fc.oneof(fc.anything(), fc.dictionary(fc.string(), fc.anything()), fc.array(fc.anything()));
  fc.assert(
    fc.property(
      fc.oneof(fc.anything({ withBigInt: true, withNullPrototype: true }), fc.dictionary(keys, inner)),
      (input) => {
        complaints(input);
      },
    ),
  );
});

test("no message carries a terminal's escape or a second line of the user's making", () => {
  const told = complaints({ ...uefi, name: "a\n\u001b[31m\u009b\u202e", "k\n\u001b": 1, chipset: "\u2028" });
  expect(told.trim()).not.toMatch(/[\u001b\u009b\u202e\u2028]/);
  expect(told.trim().split("\n")).toHaveLength(4);
});

function port(hostAddress: string) {
  return { hostAddress, hostPort: 2222, guestPort: 22 };
}

test("addresses of the host are IP addresses, which no option of a VMM can hide in", () => {
  const forward = [{ hostAddress: "127.0.0.1:1,guestfwd=x", hostPort: 2222, guestPort: 22 }];
  const said = complaints({ ...uefi, nics: [{ forward }], display: { vnc: { listen: "::,password=on" } } });
  expect(said).toMatch(/hostAddress: .* is not accepted: write an IP address/);
  expect(said).toMatch(/display\.vnc\.listen: .* is not accepted: write an IP address/);
});

test("a card without a network forwards nothing", () => {
  const forward = [{ hostPort: 2222, guestPort: 22 }];
  expect(complaints({ ...uefi, nics: [{ backend: "none", forward }] })).toContain(
    "nics[0].forward: needs backend user",
  );
});

test("a port has a name of its own", () => {
  const boot = { kind: "pcat" } as const;
  expect(parseMachine({ boot, ports: ["petri.agent", "logs"] }).ports).toEqual(["petri.agent", "logs"]);
  expect(() => parseMachine({ boot, ports: ["a", "b c", "a"] })).toThrow(/ports\[1\].*write a name of letters/);
  expect(() => parseMachine({ boot, ports: ["a", "b", "a"] })).toThrow(
    "ports[2]: a is there already: each port has its own name",
  );
});
