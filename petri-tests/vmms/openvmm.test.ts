import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import {
  type BootKind,
  boot,
  type Detection,
  detectAll,
  localHost,
  type MachineInput,
  resolveImage,
  type VirtualMachine,
} from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const double = fileURLToPath(new URL("../../fixtures/vmms/openvmm/openvmm", import.meta.url));
const folder = () => mkdtempSync(join(tmpdir(), "petri-openvmm-"));

/** Cells of QEMU, which is what the double's guests run in. */
const on = matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" });
const within = { on, timeout: "90s" } as const;

async function detect(overrides: Record<string, string> = {}): Promise<Detection[]> {
  return await detectAll(localHost, { overrides: { openvmm: double, ...overrides }, only: ["openvmm"] });
}

type Part = Omit<MachineInput, "boot"> & { boot?: MachineInput["boot"] };

/** Booted by the library: what PETRI_OPENVMM names is the user's, and these are of the double. */
async function guestOn(kind: BootKind, machine: Part = {}, detections?: Detection[]): Promise<VirtualMachine> {
  return await boot({
    ...{
      image: await resolveImage("petri-guest", kind),
      machine: { boot: { kind } as MachineInput["boot"], ...machine },
    },
    ...{ placement: { vmm: "openvmm" }, detections: detections ?? (await detect()), traceDir: join(folder(), "trace") },
  });
}

for (const kind of ["kernel", "pcat", "uefi"] as const) {
  vmTest(`OpenVMM's double boots by ${kind}, and ends with the status that says why`, within, async () => {
    await using vm = await guestOn(kind, { power: { shutdown: "exit:7" } });
    await vm.guest.ready();
    expect(vm.console().text()).toMatch(new RegExp(`^petri-guest ready ${kind} `, "m"));
    expect(await vm.guest.echo("on com1")).toBe("on com1");
    await vm.guest.shutdown();
    const event = await vm.power.next("shutdown");
    expect(event).toMatchObject({ cause: "acpi-s5", confidence: "reported", action: "exit:7" });
    expect(event.evidence).toEqual([
      expect.stringMatching(/INFO openvmm_entry::vm_controller: guest halted reason=PowerOff$/),
      "OpenVMM ended with status 11, its status for shutdown",
    ]);
    expect(await vm.exited).toEqual({ code: 7, event });
  });
}

vmTest("its first byte is recorded, and a guest that was paused goes on where it was", within, async () => {
  await using vm = await guestOn("kernel");
  await vm.guest.ready();
  expect(vm.console().text()).toMatch(/^petri-guest ready kernel /);
  await vm.pause();
  vm.console().sendLine("echo while it stood");
  await expect(vm.console()).not.toPrint("ok while it stood", { during: "300ms" });
  await vm.resume();
  await expect(vm.console()).toPrint("ok while it stood");
});

vmTest("a megabyte comes whole", within, async () => {
  const size = 1_000_000;
  await using vm = await guestOn("kernel");
  await vm.guest.ready();
  const { crc32: sum } = await vm.guest.flood(size, 7);
  const log = readFileSync(join(vm.traceDir, "com1.log"));
  const start = log.indexOf("\n") + 1;
  expect(crc32(log.subarray(start, start + size))).toBe(Number.parseInt(sum, 16));
});

vmTest("each device finds its place", within, async () => {
  const { disk } = await resolveImage("petri-guest", "pcat");
  const file = disk?.file ?? "";
  await using vm = await guestOn("kernel", {
    processors: { count: 2 },
    memory: { size: "256M", prefetch: true },
    consoles: { com1: "capture", com2: "capture", hvc0: "capture" },
    disks: [{ file }, { file, bus: "nvme", readOnly: true }, { file, bus: "scsi" }, { file, bus: "scsi", dvd: true }],
    nics: [{}, { backend: "none" }],
    filesystems: [{ kind: "9p", tag: "work", path: folder() }],
    rng: true,
  });
  await vm.guest.ready();
  // Each of ten devices is behind a port, or on the bus itself.
  expect(Number((await vm.guest.info()).pci)).toBeGreaterThan(4);
});

vmTest(
  "streams by its hybrid vsock come whole, both ways, and a port nobody listens on is refused",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" }), timeout: "90s" },
  async () => {
    await using vm = await boot({
      ...{ image: await resolveImage("debian-cloud", "kernel"), machine: { vsock: true } },
      ...{ placement: { vmm: "openvmm" }, detections: await detect(), traceDir: join(folder(), "trace") },
    });
    await vm.guest.ready();
    vm.console().sendLine("petri-agent vsock-listen 5000 -- cat &");
    await expect(vm.console()).toPrint("petri-agent: listening on vsock port 5000");
    const bytes = randomBytes(2_000_000);
    const stream = await vm.vsock.connect(5000);
    const back = buffer(stream);
    stream.end(bytes);
    expect((await back).equals(bytes)).toBe(true);
    await expect(vm.vsock.connect(4999)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const listener = await vm.vsock.listen(6000);
    vm.console().sendLine("petri-agent vsock-connect 2 6000 -- echo hello");
    expect(await text(await listener.accept())).toBe("hello\n");
  },
);

vmTest("an image that OpenVMM does not read is converted", within, async ({ skip }) => {
  if (!localHost.which("qemu-img")) return skip("qemu-img of qemu-utils is not here");
  const { disk } = await resolveImage("petri-guest", "pcat");
  const file = join(folder(), "guest.qcow2");
  execFileSync("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", disk?.file ?? "", file]);
  const machine: MachineInput = { boot: { kind: "pcat" }, disks: [{ file }], memory: { size: "128M" } };
  await using vm = await boot({
    ...{ machine, placement: { vmm: "openvmm" }, detections: await detect(), traceDir: join(folder(), "trace") },
  });
  await expect(vm.console()).toPrint(/^petri-guest ready pcat/m);
});

vmTest("a VMM that dies is told with its last words, and leaves nothing behind", within, async () => {
  await using vm = await guestOn("kernel");
  await vm.guest.ready();
  const pid = qemuOf(vm);
  process.kill(pid, "SIGKILL");
  await expect(vm.console().expect("never printed")).rejects.toThrow(/OpenVMM ended with status 1.*fatal error/s);
  await vm.quit();
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

vmTest("words that OpenVMM does not know are told in its own, before anything runs", within, async () => {
  const vm = guestOn("kernel", { vmmOptions: { openvmm: ["--guest-reset"] } });
  await expect(vm).rejects.toThrow(
    /^OpenVMM ended with status 2 before the guest could start\n {2}it said: error: unexpected argument '--guest-reset' found/,
  );
});

vmTest("a kernel that OpenVMM cannot load is told", within, async () => {
  const { kernel } = await resolveImage("petri-guest", "kernel");
  const vm = boot({
    // It has a 32-bit entry only.
    machine: { boot: { kind: "kernel", kernel: kernel?.file ?? "" } },
    ...{ placement: { vmm: "openvmm" }, detections: await detect(), traceDir: join(folder(), "trace") },
  });
  await expect(vm).rejects.toThrow(/OpenVMM ended with status 1 .*\n.*fatal error: failed to load kernel/);
});

vmTest("an OpenVMM that is absent, or of another dialect, or none, is told with what to do", within, async () => {
  const program = (script: string) => {
    const path = join(folder(), "openvmm");
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const [absent] = await detect({ openvmm: "/nowhere/openvmm" });
  expect(absent).toMatchObject({
    present: false,
    notes: ["/nowhere/openvmm, named by PETRI_OPENVMM, is not a program"],
    fixes: [expect.stringContaining("PETRI_OPENVMM")],
  });
  const old = 'case $1 in --version) echo openvmm 0.1;; --help) echo "  --paused --kernel --pidfile";; esac';
  expect((await detect({ openvmm: program(old) }))[0]).toMatchObject({
    present: false,
    notes: [
      "OpenVMM 0.1 has another dialect than Petri speaks: its --help lacks --virtio-blk, --pcie-root-port, --guest-reset-action, --guest-crash-action",
    ],
  });
  expect((await detect({ openvmm: program("echo hello") }))[0]).toMatchObject({
    present: false,
    notes: [expect.stringContaining("does not answer --version and --help as OpenVMM does")],
  });
  const unreadable = await detect({ msvm: "/nowhere/MSVM.fd" });
  await expect(guestOn("uefi", {}, unreadable)).rejects.toThrow(/PETRI_MSVM=\/nowhere\/MSVM\.fd cannot be read/);
});

/** The process of QEMU that the double has beside it: both have the VM's run directory in their environment. */
function qemuOf(vm: VirtualMachine): number {
  const runDir = vm.plan.run.args.find((word) => word.endsWith("/pid"))?.slice(0, -"/pid".length);
  const found = readdirSync("/proc").find((pid) => {
    try {
      const isOurs = /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(`=${runDir}\0`);
      return isOurs && readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("qemu");
    } catch {
      return false;
    }
  });
  return Number(found);
}
