import { expect, test } from "vitest";
import { type MachineInput, machineSchema } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { Detection, Replay } from "../contract.ts";
import { planQemu } from "./plan.ts";
import { qemuSupport } from "./support.ts";

const detection: Detection = {
  vmm: "qemu",
  present: true,
  notes: [],
  fixes: [],
  binary: "/usr/bin/qemu-system-x86_64",
  version: "7.2.22",
  accelerators: [
    { name: "kvm", works: false, reason: "it opens, but 64-bit guest code did not run within 2000 ms" },
    { name: "tcg", works: true, cpuMode: 64, reason: "ran 64-bit guest code in 70 ms" },
  ],
  firmware: [{ boot: "uefi", code: "/fw/CODE.fd", nvram: "/fw/VARS.fd", name: "OVMF", source: "test" }],
};
const onKvm: Detection = { ...detection, accelerators: [{ name: "kvm", works: true, cpuMode: 64, reason: "ran" }] };
const paths = { runDir: "/run", traceDir: "/trace" };

const plan = (machine: MachineInput, on = detection) => planQemu(machineSchema.parse(machine), paths, on);
/** One argument pair a line: what a person would read. */
const command = (machine: MachineInput, on = detection) => {
  const { run } = plan(machine, on);
  return [run.file, ...run.args].join(" ").replaceAll(" -", "\n-");
};

test("a kernel, as small as a machine gets", () => {
  expect(command({ boot: { kind: "kernel", kernel: "/k" } })).toMatchInlineSnapshot(`
    "/usr/bin/qemu-system-x86_64
    -name vm
    -nodefaults
    -no-user-config
    -S
    -machine pc
    -accel tcg
    -smp cpus=1
    -m size=1073741824B
    -display none
    -vga none
    -action reboot=shutdown,shutdown=pause,panic=pause,watchdog=pause
    -d cpu_reset
    -trace pckbd_kbd_write_command
    -trace pckbd_outport_write
    -trace port92_write
    -D /run/devices.log
    -device pvpanic
    -chardev socket,id=control,path=/run/control
    -mon chardev=control,mode=control
    -chardev socket,id=com1,path=/run/com1
    -serial chardev:com1
    -kernel /k"
  `);
});

test("UEFI with a private copy of its variables, and disks on every bus", () => {
  const disks = (["virtio", "ahci", "scsi", "nvme", "usb"] as const).map((bus) => ({ file: `/${bus}.img`, bus }));
  const machine: MachineInput = { boot: { kind: "uefi" }, disks };
  expect(command(machine)).toMatchInlineSnapshot(`
    "/usr/bin/qemu-system-x86_64
    -name vm
    -nodefaults
    -no-user-config
    -S
    -machine q35
    -accel tcg
    -smp cpus=1
    -m size=1073741824B
    -display none
    -vga none
    -action reboot=shutdown,shutdown=pause,panic=pause,watchdog=pause
    -d cpu_reset
    -trace pckbd_kbd_write_command
    -trace pckbd_outport_write
    -trace port92_write
    -D /run/devices.log
    -device pvpanic
    -chardev socket,id=control,path=/run/control
    -mon chardev=control,mode=control
    -chardev socket,id=com1,path=/run/com1
    -serial chardev:com1
    -drive if=pflash,unit=0,format=raw,readonly=on,file=/fw/CODE.fd
    -drive if=pflash,unit=1,format=raw,file=/run/nvram.fd
    -device virtio-scsi-pci,id=scsi
    -device qemu-xhci,id=usb,p2=15,p3=15
    -drive id=disk0,if=none,format=raw,snapshot=on,file=/virtio.img
    -device virtio-blk-pci,drive=disk0,bootindex=0
    -drive id=disk1,if=none,format=raw,snapshot=on,file=/ahci.img
    -device ide-hd,bus=ide.0,drive=disk1,bootindex=1
    -drive id=disk2,if=none,format=raw,snapshot=on,file=/scsi.img
    -device scsi-hd,bus=scsi.0,scsi-id=0,drive=disk2,bootindex=2
    -drive id=disk3,if=none,format=raw,snapshot=on,file=/nvme.img
    -device nvme,serial=petri-0,drive=disk3,bootindex=3
    -drive id=disk4,if=none,format=raw,snapshot=on,file=/usb.img
    -device usb-storage,bus=usb.0,port=1,drive=disk4,bootindex=4"
  `);
  expect(plan(machine).copies).toEqual([{ from: "/fw/VARS.fd", to: "/run/nvram.fd" }]);
});

test("PCAT with everything else a machine can have", () => {
  expect(
    command({
      name: "all",
      boot: { kind: "pcat" },
      processors: { count: 4, sockets: 2, cores: 2, threads: 1, model: "max", features: ["+avx2", "-sse4a"] },
      memory: { size: "512M", shared: false, prefetch: true, file: "/ram,1" },
      disks: [
        { file: "/a.qcow2", format: "qcow2", bus: "ide", persist: true },
        { file: "/b.iso", format: "iso", bus: "ide", dvd: true, readOnly: true },
        { file: "/c.vhdx", format: "vhdx", bus: "ahci", slot: 3 },
        { file: "/d.img", format: "raw", bus: "floppy", readOnly: true },
      ],
      nics: [{ mac: "52-54-00-00-00-01", forward: [{ hostPort: 2222, guestPort: 22 }] }],
      consoles: { com1: "none", com3: "capture", hvc0: "capture" },
      rng: true,
      display: { vnc: { listen: "::1", port: 5901 } },
      watchdog: "ib700",
      vmmOptions: { qemu: ["-global", "x=y"] },
    }),
  ).toMatchInlineSnapshot(`
    "/usr/bin/qemu-system-x86_64
    -name all
    -nodefaults
    -no-user-config
    -S
    -machine pc,memory-backend=ram
    -accel tcg
    -cpu max,+avx2,-sse4a
    -smp cpus=4,sockets=2,cores=2,threads=1
    -m size=536870912B
    -object memory-backend-file,mem-path=/ram,,1,id=ram,size=536870912B,share=off,prealloc=on
    -vga std
    -vnc [::1]:1
    -action reboot=shutdown,shutdown=pause,panic=pause,watchdog=pause
    -d cpu_reset
    -trace pckbd_kbd_write_command
    -trace pckbd_outport_write
    -trace port92_write
    -D /run/devices.log
    -device pvpanic
    -chardev socket,id=control,path=/run/control
    -mon chardev=control,mode=control
    -serial none
    -serial none
    -chardev socket,id=com3,path=/run/com3
    -serial chardev:com3
    -chardev socket,id=hvc0,path=/run/hvc0
    -device virtio-serial-pci
    -device virtconsole,chardev=hvc0
    -device ich9-ahci,id=ahci
    -drive id=disk0,if=none,format=qcow2,file=/a.qcow2
    -device ide-hd,bus=ide.0,unit=0,drive=disk0,bootindex=0
    -drive id=disk3,if=floppy,index=0,format=raw,readonly=on,file=/d.img
    -drive id=disk1,if=none,format=raw,media=cdrom,readonly=on,file=/b.iso
    -device ide-cd,bus=ide.0,unit=1,drive=disk1,bootindex=1
    -drive id=disk2,if=none,format=vhdx,snapshot=on,file=/c.vhdx
    -device ide-hd,bus=ahci.3,drive=disk2,bootindex=2
    -netdev user,id=nic0,hostfwd=tcp:127.0.0.1:2222-:22
    -device virtio-net-pci,netdev=nic0,mac=52:54:00:00:00:01,romfile=
    -device virtio-rng-pci
    -device ib700
    -global x=y"
  `);
});

test("KVM takes the host's CPU, and the model it was proven with where that fails", () => {
  const kernel: MachineInput = { boot: { kind: "kernel", kernel: "/k" } };
  expect(plan(kernel, onKvm).run.args.join(" ")).toContain("-accel kvm -cpu host -smp");
  const proven = { ...onKvm, accelerators: [{ name: "kvm" as const, works: true, reason: "ran", cpuModel: "qemu64" }] };
  expect(plan(kernel, proven).run.args.join(" ")).toContain("-accel kvm -cpu qemu64 -smp");
});

test("microvm only when asked, and a triple fault is logged only where it can be", () => {
  const machine: MachineInput = { boot: { kind: "kernel", kernel: "/k" }, chipset: "microvm" };
  expect(plan(machine).run.args.join(" ")).toContain("-machine microvm,acpi=off");
  expect(plan(machine, onKvm).run.args).not.toContain("cpu_reset");
});

test("every refusal at once, each with what to do", () => {
  const machine = machineSchema.parse({
    arch: "aarch64",
    boot: { kind: "uefi" },
    processors: { model: "host" },
    memory: { thp: true, shared: false },
    chipset: "microvm",
    disks: [
      { file: "/a", bus: "ide" },
      { file: "/b", bus: "virtio", dvd: true },
    ],
    watchdog: "itco",
    clock: "warp",
    tpm: true,
    vsock: {},
  } satisfies MachineInput);
  const without = { ...detection, firmware: [] };
  expect(qemuSupport(machine, without).map(({ axis, reason }) => `${axis}: ${reason}`)).toMatchInlineSnapshot(`
    [
      "arch: aarch64 is not carried yet; write x86_64",
      "boot: no UEFI firmware was found: install the package ovmf, or set PETRI_UEFI_CODE to a code image",
      "processors.model: host needs an accelerator that runs guest code on the CPU; write max for tcg",
      "watchdog: itco is part of q35; write chipset q35",
      "disks: microvm has virtio disks only, not ide",
      "watchdog: microvm has no watchdog",
      "memory.thp: QEMU always asks for huge pages by itself; leave thp out",
      "chipset: microvm starts kernels only",
      "disks[1].bus: an optical drive cannot be on virtio; write ide, ahci, scsi or usb",
      "memory.shared: Petri's vsock device reads the guest's memory; leave shared out, or write vsock transport vhost",
      "tpm: QEMU's TPM is not carried yet",
    ]
  `);
});

test("an accelerator that was proven not to work is refused with the proof", () => {
  const machine = machineSchema.parse({ boot: { kind: "kernel", kernel: "/k" } } satisfies MachineInput);
  expect(qemuSupport(machine, detection, "kvm")).toMatchInlineSnapshot(`
    [
      {
        "axis": "accelerator",
        "reason": "kvm does not work here: it opens, but 64-bit guest code did not run within 2000 ms",
      },
    ]
  `);
  expect(qemuSupport(machine, { ...detection, present: false, notes: ["not on PATH"] })).toMatchInlineSnapshot(`
    [
      {
        "axis": "vmm",
        "reason": "QEMU is not usable here: not on PATH",
      },
    ]
  `);
});

test("where the host has pipes, serial lines are pipes: a UART's single bytes soon fill a socket", () => {
  const machine = machineSchema.parse({ boot: { kind: "kernel", kernel: "/k" }, consoles: { hvc0: "capture" } });
  const { run, fifos, consoles } = planQemu(machine, { ...paths, hasFifos: true }, detection);
  expect(fifos).toEqual(["com1"]);
  expect(consoles).toEqual({ com1: "/run/com1", hvc0: "/run/hvc0" });
  expect(run.args).toContain("pipe,id=com1,path=/run/com1");
  expect(run.args).toContain("socket,id=hvc0,path=/run/hvc0");
});

test("RAM is shared only where the machine says so, or where its backend is", () => {
  const ram = (memory: MachineInput["memory"]) => {
    const { args } = plan({ boot: { kind: "kernel", kernel: "/k" }, memory }).run;
    return args.find((arg) => arg.startsWith("memory-backend")) ?? "QEMU's own";
  };
  expect(ram({ size: "64M" })).toBe("QEMU's own");
  expect(ram({ size: "64M", shared: false })).toBe("QEMU's own");
  expect(ram({ size: "64M", shared: true })).toBe("memory-backend-memfd,id=ram,size=67108864B,share=on");
  expect(ram({ size: "64M", file: "/ram" })).toBe("memory-backend-file,mem-path=/ram,id=ram,size=67108864B,share=on");
});

test("ports share a controller with virtio-console, and each has a socket", () => {
  const machine: MachineInput = {
    boot: { kind: "kernel", kernel: "/k" },
    consoles: { hvc0: "capture" },
    ports: ["petri.agent", "logs"],
  };
  expect(plan(machine).ports).toEqual({ "petri.agent": "/run/port0", logs: "/run/port1" });
  const lines = command(machine).split("\n");
  expect(lines.slice(lines.findIndex((line) => line.includes("id=hvc0")))).toEqual([
    "-chardev socket,id=hvc0,path=/run/hvc0",
    "-device virtio-serial-pci",
    "-device virtconsole,chardev=hvc0",
    "-chardev socket,id=port0,path=/run/port0",
    "-device virtserialport,chardev=port0,name=petri.agent",
    "-chardev socket,id=port1,path=/run/port1",
    "-device virtserialport,chardev=port1,name=logs",
    "-kernel /k",
  ]);
  expect(command({ ...machine, consoles: {}, chipset: "microvm" })).toContain("-device virtio-serial-device\n-chardev");
});

test("a folder of the host is a 9p device with its tag; a comma in its path stays in it", () => {
  const filesystems: MachineInput["filesystems"] = [
    { kind: "9p", tag: "root", path: "/", readOnly: true },
    { kind: "9p", tag: "work", path: "/a,b" },
  ];
  const shares = (machine: Partial<MachineInput>) =>
    command({ boot: { kind: "kernel", kernel: "/k" }, filesystems, ...machine })
      .split("\n")
      .filter((line) => /fsdev/.test(line));
  expect(shares({})).toMatchInlineSnapshot(`
    [
      "-fsdev local,id=fs0,path=/,security_model=none,multidevs=remap,readonly=on",
      "-device virtio-9p-pci,fsdev=fs0,mount_tag=root",
      "-fsdev local,id=fs1,path=/a,,b,security_model=none,multidevs=remap",
      "-device virtio-9p-pci,fsdev=fs1,mount_tag=work",
    ]
  `);
  expect(shares({ chipset: "microvm" }).at(-1)).toBe("-device virtio-9p-device,fsdev=fs1,mount_tag=work");
});

test("vsock is Petri's own device on shared RAM, unless the machine says vhost; why is in the plan", () => {
  const boot: MachineInput["boot"] = { kind: "kernel", kernel: "/k" };
  const device = (machine: Partial<MachineInput>, leased?: number) => {
    const all = { ...paths, ...(leased === undefined ? {} : { vsockCid: leased }) };
    const { run, vsock, notes } = planQemu(machineSchema.parse({ boot, ...machine }), all, detection);
    return { vsock, notes, args: run.args.filter((arg) => /vsock|memfd/.test(arg)) };
  };
  expect(device({ vsock: true })).toMatchInlineSnapshot(`
    {
      "args": [
        "memory-backend-memfd,id=ram,size=1073741824B,share=on",
        "socket,id=vsock,path=/run/vsock",
        "vhost-user-vsock-pci,chardev=vsock",
      ],
      "notes": [
        "vsock: by vhost-user, Petri's own device, which needs neither /dev/vhost-vsock nor root; CID 3 is known to this VM alone",
      ],
      "vsock": {
        "cid": 3,
        "path": "/run/vsock",
        "transport": "vhost-user",
      },
    }
  `);
  expect(device({ vsock: { cid: 77, path: "/vm.vsock" }, chipset: "microvm" })).toMatchInlineSnapshot(`
    {
      "args": [
        "memory-backend-memfd,id=ram,size=1073741824B,share=on",
        "socket,id=vsock,path=/run/vsock",
        "vhost-user-vsock-device,chardev=vsock",
      ],
      "notes": [
        "vsock: by vhost-user, Petri's own device, which needs neither /dev/vhost-vsock nor root; CID 77 is known to this VM alone",
      ],
      "vsock": {
        "cid": 77,
        "forward": "/vm.vsock",
        "path": "/run/vsock",
        "transport": "vhost-user",
      },
    }
  `);
  expect(device({ vsock: { transport: "vhost" } }, 70_000)).toMatchInlineSnapshot(`
    {
      "args": [
        "vhost-vsock-pci,guest-cid=70000",
      ],
      "notes": [
        "vsock: by vhost, the host kernel's AF_VSOCK, as the machine says; the guest has CID 70000",
      ],
      "vsock": {
        "cid": 70000,
        "transport": "vhost",
      },
    }
  `);
  expect(device({ vsock: { transport: "vhost", cid: 42 } }).vsock).toEqual({ transport: "vhost", cid: 42 });
  expect(device({})).toEqual({ vsock: undefined, notes: [], args: [] });
});

test("a vsock that the host lacks is refused with the reason, and what to do instead", () => {
  const vsock = [
    { transport: "vhost-user" as const, works: true },
    { transport: "vhost" as const, works: false, reason: "/dev/vhost-vsock is not there" },
  ];
  const refusals = (wanted: MachineInput["vsock"], memory: MachineInput["memory"] = {}) => {
    const machine = machineSchema.parse({ boot: { kind: "kernel", kernel: "/k" }, vsock: wanted, memory });
    return qemuSupport(machine, { ...detection, vsock }).map(({ axis, reason }) => `${axis}: ${reason}`);
  };
  expect(refusals(true)).toEqual([]);
  expect(refusals({ transport: "vhost" })).toEqual([
    "vsock: vhost does not work here: /dev/vhost-vsock is not there; or leave transport out, for Petri's own device",
  ]);
  expect(refusals(true, { shared: false })).toEqual([
    "memory.shared: Petri's vsock device reads the guest's memory; leave shared out, or write vsock transport vhost",
  ]);
});

test("time that does not wait is counted in instructions, which takes TCG", () => {
  const machine: MachineInput = { boot: { kind: "kernel", kernel: "/k" }, clock: "warp" };
  const both: Detection = { ...detection, accelerators: [...onKvm.accelerators, ...detection.accelerators.slice(1)] };
  expect(command(machine, both)).toContain("\n-icount shift=3,sleep=off\n-rtc clock=vm\n");
  expect(plan(machine, both).accelerator).toBe("tcg");
  expect(plan({ ...machine, clock: "real" }, both).accelerator).toBe("kvm");
  expect(command({ ...machine, clock: "real" })).not.toContain("-icount");

  const refusals = (on: Detection, wanted?: AcceleratorName) =>
    qemuSupport(machineSchema.parse(machine), on, wanted).map(({ axis, reason }) => `${axis}: ${reason}`);
  expect(refusals(both)).toEqual([]);
  expect(refusals(both, "tcg")).toEqual([]);
  expect(refusals(both, "kvm")).toEqual([
    "clock: under kvm the guest has the host's time; write tcg, or leave the accelerator out",
  ]);
  expect(refusals(onKvm)).toEqual(["accelerator: tcg does not work here: not on this host"]);
});

test("a run is recorded in its trace, and what QEMU cannot record is refused", () => {
  const machine = {
    boot: { kind: "kernel", kernel: "/k" },
    disks: [{ file: "/d.img", bus: "virtio" }],
    power: { reset: "halt" },
    record: true,
  } satisfies MachineInput;
  const fifos = { ...paths, hasFifos: true };
  const args = (on: typeof fifos & { replay?: Replay }) =>
    planQemu(machineSchema.parse(machine), on, detection).run.args.join(" ");
  expect(args(fifos)).toContain(" -icount shift=3,rr=record,rrfile=/trace/recording ");
  expect(args(fifos)).toContain(
    "-drive id=disk0-file,if=none,format=raw,snapshot=on,file=/d.img " +
      "-drive id=disk0,if=none,driver=blkreplay,image=disk0-file ",
  );
  const replay = { recording: "/r", isReversible: false };
  expect(args({ ...fifos, replay })).toContain(" -icount shift=3,rr=replay,rrfile=/r ");
  expect(args({ ...fifos, replay })).not.toContain("null-co");
  expect(args({ ...fifos, replay: { ...replay, isReversible: true } })).toContain("file=null-co://");
  expect(() => plan(machine)).toThrow("record: it needs consoles on named pipes");

  const beyond = machineSchema.parse({
    ...machine,
    boot: { kind: "uefi" },
    disks: [
      { file: "/d.img", persist: true },
      { file: "/c.iso", bus: "ahci", dvd: true },
    ],
    ...{ clock: "warp", rtc: "localtime", nics: [{}], rng: true, vsock: {}, power: {}, watchdog: "i6300esb" },
    ...{ consoles: { hvc0: "capture" }, filesystems: [{ kind: "9p", tag: "t", path: "/" }], display: { vnc: {} } },
  });
  const refusals = qemuSupport(beyond, detection).map(({ axis }) => axis);
  expect(refusals).toEqual([
    ...[
      "power.reset",
      "power.watchdog",
      "record",
      "rtc",
      "boot",
      "disks[0].persist",
      "disks[1]",
      "nics",
      "consoles.hvc0",
    ],
    ...["filesystems", "rng", "vsock", "display"],
  ]);
  const both: Detection = { ...detection, accelerators: [...onKvm.accelerators, ...detection.accelerators.slice(1)] };
  expect(qemuSupport(machineSchema.parse(machine), both, "kvm")).toEqual([
    { axis: "record", reason: "under kvm the guest has the host's time; write tcg, or leave the accelerator out" },
  ]);
});
