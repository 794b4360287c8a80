import { Command, Option } from "commander";
import { describe, expect, test } from "vitest";
import { notCarriedOptions } from "./options/not-carried.ts";
import {
  checkMachineOptions,
  type GivenOption,
  machineOptions,
  optionFlags,
  optionGroups,
  parseMachineOptions,
  readMachineOptions,
  splitArgv,
} from "./options.ts";
import { parseMachine } from "./validate.ts";

function parse(line: string) {
  return parseMachineOptions(line.split(" "));
}

describe("each option", () => {
  test.each(machineOptions.map((option) => [option.name, option] as const))(
    "--%s has an example that works",
    (_, option) => {
      expect(option.example).toContain(`--${option.name}`);
      const { machine, run } = parse(option.example);
      expect(machine !== undefined || run.image !== undefined).toBe(true);
    },
  );

  test.each(machineOptions.map((option) => [option.name, option] as const))("--%s does something", (_, option) => {
    const without = parse(option.example).overrides;
    const { run } = parse(option.example);
    expect(Object.keys({ ...without, ...run })).not.toEqual([]);
    expect(option.help).not.toMatch(/[.]$/);
    expect(optionGroups).toContain(option.group);
  });

  test("has a name and a letter of its own", () => {
    const names = [...machineOptions.map(({ name }) => name), ...Object.keys(notCarriedOptions)];
    const letters = machineOptions.flatMap(({ short }) => short ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(letters).size).toBe(letters.length);
  });

  test("needs only options that there are", () => {
    const names = machineOptions.map(({ name }) => name);
    for (const { needs = [] } of machineOptions) expect(names).toEqual(expect.arrayContaining([...needs]));
  });

  test("is listed with its flags for a command-line library", () => {
    expect(
      optionFlags().filter(({ name }) => ["memory", "uefi", "disk", "numa"].includes(name)),
    ).toMatchInlineSnapshot(`
      [
        {
          "flags": "-e, --uefi",
          "group": "Boot",
          "help": "boot UEFI firmware",
          "isHidden": false,
          "name": "uefi",
        },
        {
          "flags": "-m, --memory <SPEC>",
          "group": "Processors and memory",
          "help": "guest RAM: a size, or size=,shared=,prefetch=,thp=,hugepages=,hugepage_size=,file=",
          "isHidden": false,
          "name": "memory",
        },
        {
          "flags": "--disk <DISK>",
          "group": "Disks",
          "help": "a disk: [file:]PATH[,ro][,dvd][,persist][,format=F][,slot=N][,bus=B]; what the guest writes is thrown away without persist; a comma in PATH is written twice",
          "isHidden": false,
          "name": "disk",
        },
        {
          "flags": "--numa <PARAMS>",
          "group": "Not carried yet",
          "help": "NUMA: not carried yet",
          "isHidden": true,
          "name": "numa",
        },
      ]
    `);
  });
});

describe("options say what the TypeScript form says", () => {
  test.each([
    ["--uefi", { boot: { kind: "uefi" } }],
    ["--boot uefi", { boot: { kind: "uefi" } }],
    ["-e -p 2 -m 2G", { boot: { kind: "uefi" }, processors: { count: 2 }, memory: { size: "2G" } }],
    ["--kernel=k -r i -c a=b -c c", { boot: { kind: "kernel", kernel: "k", initrd: "i", cmdline: "a=b c" } }],
    ["--uefi -k k", { boot: { kind: "uefi", kernel: "k" } }],
    ["--pcat --pcat-firmware b", { boot: { kind: "pcat", firmware: "b" } }],
    [
      "--uefi --uefi-firmware c --uefi-nvram v --disable-frontpage",
      { boot: { kind: "uefi", firmware: "c", nvram: "v", frontpage: false } },
    ],
    [
      "--uefi -p count=4,sockets=1,cores=2,threads=2 --cpu max,+avx2,-x2apic",
      {
        boot: { kind: "uefi" },
        processors: { count: 4, sockets: 1, cores: 2, threads: 2, model: "max", features: ["+avx2", "-x2apic"] },
      },
    ],
    [
      "--uefi -m size=64GB,hugepages=on,hugepage_size=2MB",
      { boot: { kind: "uefi" }, memory: { size: "64G", hugepages: true, hugepageSize: "2M" } },
    ],
    [
      "--uefi --private-memory --prefetch --thp",
      { boot: { kind: "uefi" }, memory: { shared: false, prefetch: true, thp: true } },
    ],
    ["--uefi --memory-backing-file m", { boot: { kind: "uefi" }, memory: { file: "m" } }],
    ["--uefi --disk d.img", { boot: { kind: "uefi" }, disks: [{ file: "d.img" }] }],
    ["--uefi --disk memdiff:file:d.img,ro", { boot: { kind: "uefi" }, disks: [{ file: "d.img", readOnly: true }] }],
    ["--uefi --disk file:a,,b.img,persist", { boot: { kind: "uefi" }, disks: [{ file: "a,b.img", persist: true }] }],
    ["--uefi --disk C:\\vm\\d.vhdx", { boot: { kind: "uefi" }, disks: [{ file: "C:\\vm\\d.vhdx" }] }],
    ["--uefi --disk /a:b/c", { boot: { kind: "uefi" }, disks: [{ file: "/a:b/c" }] }],
    [
      "--uefi --disk a,format=qcow2,bus=nvme,slot=3 --bus ahci --disk b --disk c.iso --virtio-blk d",
      {
        boot: { kind: "uefi" },
        disks: [
          { file: "a", format: "qcow2", bus: "nvme", slot: 3 },
          { file: "b", bus: "ahci" },
          { file: "c.iso", bus: "ahci" },
          { file: "d", bus: "virtio" },
        ],
      },
    ],
    ["--uefi --bus nvme --disk c.iso", { boot: { kind: "uefi" }, disks: [{ file: "c.iso", bus: "ide" }] }],
    [
      "--uefi --disk a,on=s,lun=2 --vmbus-scsi id=s --nvme-pci id=n --disk b,on=n",
      {
        boot: { kind: "uefi" },
        disks: [
          { file: "a", bus: "scsi", slot: 2 },
          { file: "b", bus: "nvme" },
        ],
      },
    ],
    [
      "--pcat --ide a,s --ide b,s --ide c,1 --ide d.iso,dvd --floppy f",
      {
        boot: { kind: "pcat" },
        disks: [
          { file: "a", slot: 2 },
          { file: "b", slot: 3 },
          { file: "c", slot: 1 },
          { file: "d.iso" },
          { file: "f", bus: "floppy" },
        ],
      },
    ],
    ["--uefi --net user:mtu=9000", { boot: { kind: "uefi" }, nics: [{ mtu: 9000 }] }],
    ["--uefi --nic --net none", { boot: { kind: "uefi" }, nics: [{}, { backend: "none" }] }],
    [
      "--uefi --net consomme:hostfwd=tcp::2222-:22,hostfwd=udp:[::1]:53-:53,model=e1000,mac=52:54:00:12:34:56",
      {
        boot: { kind: "uefi" },
        nics: [
          {
            model: "e1000",
            mac: "52:54:00:12:34:56",
            forward: [
              { hostPort: 2222, guestPort: 22 },
              { protocol: "udp", hostAddress: "::1", hostPort: 53, guestPort: 53 },
            ],
          },
        ],
      },
    ],
    [
      "--uefi --com1 listen=tcp:127.0.0.1:4555 --com2 file=a,b --com3 none --com4 stderr --virtio-console console",
      {
        boot: { kind: "uefi" },
        consoles: {
          com1: "listen=tcp:127.0.0.1:4555",
          com2: "file=a,b",
          com3: "none",
          com4: "stderr",
          hvc0: "console",
        },
      },
    ],
    ["--uefi --virtio-rng --gfx", { boot: { kind: "uefi" }, rng: true, display: { vnc: {} } }],
    [
      "--uefi --vnc-port 5901 --vnc-listen :: --gfx",
      { boot: { kind: "uefi" }, display: { vnc: { port: 5901, listen: "::" } } },
    ],
    [
      "--uefi --guest-reset-action halt --guest-shutdown-action exit --guest-crash-action exit:3 --guest-watchdog-action exit:4 --guest-watchdog",
      {
        boot: { kind: "uefi" },
        watchdog: "any",
        power: { reset: "halt", shutdown: "exit", crash: "exit:3", watchdog: "exit:4" },
      },
    ],
    ["--pcat --record", { boot: { kind: "pcat" }, record: true }],
    ["--uefi --clock warp", { boot: { kind: "uefi" }, clock: "warp" }],
    ["--uefi --name router --chipset q35", { boot: { kind: "uefi" }, name: "router", chipset: "q35" }],
  ])("%s", (line, input) => {
    expect(parse(line).machine).toEqual(parseMachine(input));
  });
});

test("words that are no part of the machine come apart from it", () => {
  const line = "--uefi --vmm v86 --hypervisor tcg --host local --paused --pidfile vm.pid --boot uefi --bus nvme";
  const { run, machine } = parse(line);
  expect(run).toEqual({
    vmm: "v86",
    accelerator: "tcg",
    host: "local",
    paused: true,
    pidfile: "vm.pid",
    bus: "nvme",
    boot: "uefi",
  });
  expect(machine).toEqual(parseMachine({ boot: { kind: "uefi" } }));
});

test("with an image the machine is not whole, and what is said is laid over it", () => {
  const result = parse("--image debian-12 --boot kernel --cmdline quiet -m 2G");
  expect(result).toMatchObject({
    overrides: { boot: { kind: "kernel", cmdline: "quiet" }, memory: { size: 2 ** 31 } },
    run: { image: "debian-12", boot: "kernel" },
  });
  expect(result).not.toHaveProperty("machine");
  expect(parse("--image x --cmdline quiet").overrides.boot).toEqual({ cmdline: "quiet" });
});

test("options stand above the configuration's machine", () => {
  const defaults = { boot: { kind: "uefi" as const }, memory: { size: "2G", shared: false }, watchdog: "any" as const };
  const over = ["--thp", "true"].slice(0, 1).concat("--disable-frontpage", "--guest-watchdog-action", "halt");
  expect(parseMachineOptions(over, { defaults }).machine).toEqual(
    parseMachine({
      ...defaults,
      boot: { kind: "uefi", frontpage: false },
      memory: { ...defaults.memory, thp: true },
      power: { watchdog: "halt" },
    }),
  );
  expect(parseMachineOptions(["-k", "k"], { defaults }).machine?.boot).toEqual({ kind: "kernel", kernel: "k" });
});

test("a command-line library hands over the same options in the same order", () => {
  const command = new Command().exitOverride();
  const given: GivenOption[] = [];
  for (const { name, flags, help, group, isHidden } of optionFlags()) {
    command.addOption(new Option(flags, help).hideHelp(isHidden).helpGroup(group));
    command.on(`option:${name}`, (value?: string) => given.push(value === undefined ? [name] : [name, value]));
  }
  const argv = [
    "-e",
    "-m4G",
    "--no-vmbus",
    "--disk",
    "a,ro",
    "--numa",
    "x",
    "--cmdline=-x",
    "-c",
    "-y",
    "--disk=b",
    "-P",
  ];
  command.parse(argv, { from: "user" });
  expect(given).toEqual(splitArgv(argv));
});

test("nothing is thrown by the form that collects", () => {
  const { problems, notCarried } = checkMachineOptions([["memory", "4Q"], ["numa", "x"], ["uefi"]]);
  expect([problems.length, notCarried.length]).toEqual([1, 1]);
  expect(readMachineOptions([["uefi"]]).machine?.boot.kind).toBe("uefi");
});
