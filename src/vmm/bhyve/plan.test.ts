import { expect, test } from "vitest";
import { UnsupportedError } from "../../machine/errors.ts";
import { type MachineInput, machineSchema } from "../../machine/machine.ts";
import type { Detection } from "../contract.ts";
import { vmNameOf } from "../vm-name.ts";
import { planBhyve } from "./plan.ts";
import { bhyveSupport } from "./support.ts";

const uefi = {
  boot: "uefi",
  code: "/fw/CODE.fd",
  nvram: "/fw/VARS.fd",
  name: "edk2-bhyve",
  source: "known path",
} as const;
const grub = { boot: "kernel", code: "/usr/local/sbin/grub-bhyve", name: "grub-bhyve", source: "loader" } as const;
const detection: Detection = {
  ...{ vmm: "bhyve", present: true, binary: "/usr/sbin/bhyve", version: "15.0", notes: [], fixes: [] },
  accelerators: [{ name: "bhyve-vmm", works: true, cpuMode: 64, reason: "ran" }],
  firmware: [uefi, grub],
};
const old: Detection = { ...detection, version: "13.2" };
const paths = { runDir: "/run/petri-0/4711-99/3", traceDir: "/trace", hasFifos: true };
const planOf = (machine: MachineInput, found = detection) => planBhyve(machineSchema.parse(machine), paths, found);
const argsOf = (machine: MachineInput, found = detection) => planOf(machine, found).run.args.join(" ");
const refusals = (machine: MachineInput, found = detection) =>
  bhyveSupport(machineSchema.parse(machine), found).map(({ axis, reason }) => `${axis}: ${reason}`);
const kernel = { kind: "kernel", kernel: "/k/vmlinuz" } as const;

test("UEFI from a disk: a private variable store, a copy that may be written, one console on stdio", () => {
  const plan = planOf({ boot: { kind: "uefi" }, disks: [{ file: "/d.raw" }], memory: { size: "2G" } });
  expect(plan.run).toMatchInlineSnapshot(`
    {
      "args": [
        "-H",
        "-P",
        "-u",
        "-w",
        "-c",
        "cpus=1",
        "-m",
        "2048M",
        "-l",
        "bootrom,/fw/CODE.fd,/run/petri-0/4711-99/3/nvram.fd",
        "-s",
        "0,hostbridge",
        "-s",
        "1,virtio-blk,/run/petri-0/4711-99/3/disk0",
        "-s",
        "31,lpc",
        "-l",
        "com1,stdio",
        "petri-4711-99-3",
      ],
      "file": "/usr/sbin/bhyve",
    }
  `);
  expect(plan).toMatchObject({
    copies: [
      { from: "/fw/VARS.fd", to: `${paths.runDir}/nvram.fd` },
      { from: "/d.raw", to: `${paths.runDir}/disk0` },
    ],
    ...{ stdio: "com1", fifos: ["com1"], consoles: { com1: `${paths.runDir}/com1` }, isPersistent: false },
  });
  expect(plan.control).toBeUndefined();
});

test("the VM is destroyed before and after; with firmware it is used again at each reset", () => {
  const destroy = { file: "/usr/sbin/bhyvectl", args: ["--vm=petri-4711-99-3", "--destroy"], mayFail: true };
  expect(planOf({ boot: { kind: "uefi" } }).steps).toEqual({ prepare: [destroy], load: [], cleanUp: [destroy] });
});

test("a kernel is loaded anew before each start", () => {
  const plan = planOf({ boot: { ...kernel, initrd: "/k/initrd.img", cmdline: "console=ttyS0 a='b c'" } });
  const [destroy, load] = plan.steps?.load ?? [];
  expect(destroy?.args).toEqual(["--vm=petri-4711-99-3", "--destroy"]);
  expect(load).toMatchInlineSnapshot(`
    {
      "args": [
        "-M",
        "1024M",
        "-n",
        "-m",
        "/run/petri-0/4711-99/3/device.map",
        "-r",
        "host",
        "petri-4711-99-3",
      ],
      "file": "/usr/sbin/grub-bhyve",
      "input": "if multiboot (host)/k/vmlinuz console=ttyS0 'a='"'"'b' 'c'"'"''; then
      module (host)/k/initrd.img
      true
    else
      linux (host)/k/vmlinuz console=ttyS0 'a='"'"'b' 'c'"'"''
      initrd (host)/k/initrd.img
    fi
    boot
    ",
    }
  `);
  expect(plan.files).toEqual([{ path: `${paths.runDir}/device.map`, text: "" }]);
  expect(plan.run.args).not.toContain("-l bootrom");
});

test("every device has a place of its own", () => {
  expect(
    argsOf({
      boot: { kind: "uefi" },
      processors: { sockets: 2, cores: 2 },
      memory: { size: "512M", prefetch: true },
      disks: [
        { file: "/cd.iso", bus: "ahci" },
        { file: "/a.raw", bus: "ahci", persist: true },
        { file: "/b.raw", bus: "virtio", readOnly: true },
        { file: "/c.raw", bus: "nvme" },
      ],
      nics: [
        { mac: "52-54-00-12-34-56", forward: [{ hostPort: 2222, guestPort: 22 }] },
        { model: "e1000", backend: "none" },
      ],
      rng: true,
      filesystems: [{ kind: "9p", tag: "work", path: "/work", readOnly: true }],
      vmmOptions: { bhyve: ["-D"] },
    }),
  ).toMatchInlineSnapshot(
    `"-H -P -u -w -c cpus=4,sockets=2,cores=2 -m 512M -S -l bootrom,/fw/CODE.fd,/run/petri-0/4711-99/3/nvram.fd -s 0,hostbridge -s 1,ahci-cd,/cd.iso,ro -s 2,virtio-blk,/b.raw,ro -s 3,nvme,/run/petri-0/4711-99/3/disk3 -s 4,ahci-hd,/a.raw -s 5,virtio-net,slirp,hostfwd=tcp:127.0.0.1:2222-:22,mac=52:54:00:12:34:56 -s 6,e1000 -s 7,virtio-rnd -s 8,virtio-9p,work=/work,ro -s 31,lpc -l com1,stdio -D petri-4711-99-3"`,
  );
});

test("each release is spoken to in its own words", () => {
  expect(argsOf({ boot: kernel }, old)).toMatch(/^-A /);
  expect(argsOf({ boot: kernel })).not.toMatch(/-A/);
  expect(refusals({ boot: kernel, nics: [{}] }, old)).toEqual([
    "nics[0]: NAT by bhyve itself (slirp) came with FreeBSD 15; write backend none",
  ]);
  expect(refusals({ boot: kernel, processors: { count: 17 } }, old)).toEqual([
    "processors.count: bhyve has at most 16 processors, not 17",
  ]);
  expect(refusals({ boot: kernel, processors: { count: 17 } })).toEqual([]);
});

test("firmware of one's own comes without the host's variable store", () => {
  expect(argsOf({ boot: { kind: "uefi", firmware: "/own.fd" } })).toContain("-l bootrom,/own.fd -s");
  const both = planOf({ boot: { kind: "uefi", firmware: "/own.fd", nvram: "/vars.fd" } });
  expect(both.run.args).toContain(`bootrom,/own.fd,${paths.runDir}/nvram.fd`);
  expect(both.copies).toEqual([{ from: "/vars.fd", to: `${paths.runDir}/nvram.fd` }]);
});

test("everything bhyve cannot do is refused at once", () => {
  const machine: MachineInput = {
    ...{ arch: "aarch64", boot: { kind: "pcat" }, chipset: "q35", clock: "warp", tpm: true, secureBoot: true },
    processors: { model: "host", features: ["+avx2"] },
    memory: { size: 100, shared: true, hugepages: true },
    disks: [
      { file: "/a.raw" },
      { file: "/b.qcow2", bus: "virtio", format: "qcow2" },
      { file: "/a,b", bus: "nvme", readOnly: true },
    ],
    nics: [{ model: "ne2k", forward: [{ hostAddress: "::1", hostPort: 1, guestPort: 1 }] }],
    consoles: { com2: "capture", hvc0: "capture" },
    ...{ watchdog: "any", display: "headless", vsock: true },
  };
  expect(refusals(machine)).toMatchInlineSnapshot(`
    [
      "arch: aarch64 is not carried yet; write x86_64",
      "boot: bhyve has no BIOS: its firmware lost the CSM that stood for one; boot by uefi or kernel",
      "chipset: bhyve has a chipset of its own, not q35; leave it out",
      "processors.model: bhyve gives its guest the host's CPU; leave it out",
      "processors.features: bhyve's CPU features are fixed; leave them out",
      "memory.size: bhyve and its loaders take whole MiB",
      "memory.shared: guest memory belongs to FreeBSD's vmm(4); leave it out",
      "memory.hugepages: guest memory belongs to FreeBSD's vmm(4); leave it out",
      "disks[0].bus: bhyve has no disk on ide; write virtio, ahci or nvme",
      "disks[1].format: bhyve reads raw images, not qcow2: convert it with qemu-img convert -O raw",
      "disks[2].readOnly: bhyve's nvme has no read-only disks; leave it out: writes are thrown away anyway",
      "disks[2].file: bhyve takes a comma for the end of the name; rename the file",
      "nics[0].model: bhyve has no ne2k; write virtio or e1000",
      "nics[0].forward[0].hostAddress: bhyve forwards from IPv4 only, not ::1",
      "consoles.com2: of bhyve's serial lines only one can be recorded from its first byte: write com1",
      "consoles.hvc0: bhyve's virtio console has ports, but no console among them; write com1",
      "watchdog: bhyve has no watchdog device; write { heartbeat: "10s" }",
      "display: bhyve's framebuffer is not carried yet; leave it out",
      "clock: bhyve cannot warp time",
      "vsock: bhyve's vsock device is not carried",
      "tpm: bhyve's TPM is not carried",
      "secureBoot: bhyve's Secure Boot is not carried",
    ]
  `);
  expect(() => planOf(machine)).toThrow(UnsupportedError);
});

test("what the guest's SMBIOS tables say can be chosen since FreeBSD 14, the UUID always", () => {
  const machine: MachineInput = {
    ...{ boot: { kind: "uefi" }, uuid: "0a3ae7e6-8d3b-4bb4-8a0d-0f9a3f1d9f01" },
    smbios: { serial: "100%", product: "Box" },
  };
  expect(argsOf(machine)).toContain("-U 0a3ae7e6-8d3b-4bb4-8a0d-0f9a3f1d9f01 -o system.product_name=Box");
  expect(planOf(machine).run.args).toContain("system.serial_number=100%%");
  const old = { ...detection, version: "13.2" };
  expect(refusals(machine, old)).toEqual([
    "smbios: bhyve before FreeBSD 14 has SMBIOS strings of its own, all but the uuid; leave it out",
  ]);
  const { smbios: _, ...plain } = machine;
  expect(refusals(plain, old)).toEqual([]);
});

test("a MAC and an MTU stand behind the card's network, and cannot be said where there is none", () => {
  const boot = { kind: "uefi" } as const;
  const card = { mac: "52:54:00:12:34:56", mtu: 9000 };
  expect(argsOf({ boot, nics: [card] })).toContain("virtio-net,slirp,mtu=9000,mac=52:54:00:12:34:56");
  expect(refusals({ boot, nics: [{ ...card, backend: "none" }] })).toEqual([
    "nics[0].mac: bhyve cannot say it of a card without a network; write backend user, or leave it out",
    "nics[0].mtu: bhyve cannot say it of a card without a network; write backend user, or leave it out",
  ]);
});

test("what is not there is said with what to do", () => {
  const bare = { ...detection, firmware: [] };
  expect(refusals({ boot: { kind: "uefi" } }, bare)).toMatchInlineSnapshot(`
    [
      "boot: no UEFI firmware was found: pkg install edk2-bhyve, or set PETRI_UEFI_CODE to its code image",
    ]
  `);
  expect(refusals({ boot: kernel }, { ...bare, notes: ["grub-bhyve is not here"] })).toMatchInlineSnapshot(`
    [
      "boot: bhyve starts a kernel by grub-bhyve, which is not here: grub-bhyve is not here",
    ]
  `);
  const absent = { ...bare, present: false, notes: ["bhyve needs a FreeBSD host"] };
  expect(refusals({ boot: { kind: "uefi", firmware: "/own.fd" } }, absent)).toEqual([
    "vmm: bhyve is not usable here: bhyve needs a FreeBSD host",
  ]);
});

test("no two VMs of a host have one name", () => {
  const names = ["/run/petri-0/4711-99/3", "/run/petri-0/4711-99/4", "/run/petri-0/4712-99/3"].map((runDir) =>
    vmNameOf({ runDir }),
  );
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9-]{0,30}$/);
});
