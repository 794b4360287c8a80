import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type MachineInput, machineSchema } from "../../machine/machine.ts";
import type { Detection } from "../contract.ts";
import { splitShell } from "../import/shell-words.ts";
import { planOpenvmm } from "./plan.ts";

// What the double takes is written after OpenVMM's parser, what is planned and imported after its manual: neither knows
// of the other, and they have to agree.

const file = (path: string) => fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url));
const { parse } = (await import(file("vmms/openvmm/grammar.mjs"))) as {
  parse: (argv: readonly string[]) => Record<string, unknown>;
};
const isTaken = (argv: readonly string[]) => {
  try {
    parse(argv);
    return true;
  } catch (error) {
    return (error as Error).message;
  }
};

/** Label and words after the program's name. */
const samples = readFileSync(file("command-lines/openvmm.txt"), "utf8")
  .split("\n")
  .filter((line) => /^(ok|refused)\t/.test(line))
  .map((line) => {
    const [label = "", command = ""] = line.split("\t");
    const words = splitShell(command, command.startsWith(".\\") ? "windows" : "posix")[0]?.words ?? [];
    const texts = words.map(({ text }) => text);
    return { label, command, argv: texts.slice(1 + (texts[0] === "cargo" ? texts.indexOf("--") : 0)) };
  });

test.each(samples.filter(({ label }) => label === "ok"))("the double takes $command", ({ argv }) => {
  expect(isTaken(argv)).toBe(true);
});

/** OpenVMM's parser takes these, and what starts its VM does not. */
const later = /on=nowhere|console --com2 console|pcie_port=p9/;

test.each(samples.filter(({ label, command }) => label === "refused" && !later.test(command)))(
  "the double refuses $command",
  ({ argv }) => {
    expect(isTaken(argv)).toMatch(/^error: /);
  },
);

const kernel = { kind: "kernel", kernel: "/k" } as const;
const machines: Readonly<Record<string, MachineInput>> = {
  "a kernel": { boot: kernel },
  "a kernel's words": { boot: { ...kernel, initrd: "/i", cmdline: "-quiet console=ttyS0" } },
  uefi: { boot: { kind: "uefi" } },
  "uefi without its menu": { boot: { kind: "uefi", frontpage: false } },
  "a watchdog": { boot: { kind: "uefi" }, watchdog: "any", power: { watchdog: "exit:9" } },
  pcat: { boot: { kind: "pcat" } },
  "pcat's disks": {
    boot: { kind: "pcat" },
    disks: [
      { file: "/a.raw" },
      { file: "/b.iso" },
      { file: "/f.img", bus: "floppy" },
      { file: "/c.raw", persist: true },
    ],
  },
  "pcat's devices": { boot: { kind: "pcat" }, nics: [{}], rng: true, consoles: { hvc0: "capture" } },
  processors: { boot: kernel, processors: { sockets: 2, cores: 2, threads: 2 } },
  memory: { boot: kernel, memory: { size: "3G", shared: true, hugepages: true, hugepageSize: "2M", prefetch: true } },
  "private memory": { boot: kernel, memory: { shared: false, thp: true } },
  "memory in a file": { boot: kernel, memory: { shared: true, file: "/m" } },
  consoles: { boot: kernel, consoles: { com1: "none", com2: "capture", com4: "capture", hvc0: "capture" } },
  "disks on virtio": { boot: kernel, disks: [{ file: "/a.raw" }, { file: "/b.raw", readOnly: true }] },
  "disks on scsi": {
    boot: kernel,
    disks: [
      { file: "/a.iso", bus: "scsi" },
      { file: "/b.raw", bus: "scsi", slot: 7 },
    ],
  },
  "disks on nvme": {
    boot: { kind: "uefi" },
    disks: [
      { file: "/a.raw", bus: "nvme" },
      { file: "/b.raw", bus: "nvme" },
    ],
  },
  "converted disks": {
    boot: kernel,
    disks: [
      { file: "/a.qcow2", format: "qcow2" },
      { file: "/b", format: "vhd" },
    ],
  },
  "a network": {
    boot: kernel,
    nics: [
      {
        forward: [
          { hostPort: 2222, guestPort: 22 },
          { protocol: "udp", hostAddress: "::1", hostPort: 53, guestPort: 53 },
        ],
      },
    ],
  },
  "a network that leads nowhere": { boot: kernel, nics: [{ backend: "none" }] },
  folders: {
    boot: kernel,
    filesystems: [
      { kind: "9p", tag: "a", path: "/a" },
      { kind: "9p", tag: "b", path: "/b c" },
    ],
  },
  vnc: { boot: { kind: "uefi" }, display: { vnc: { listen: "::1", port: 5907 } } },
  vsock: { boot: kernel, vsock: true },
  "vsock by VMBus": { boot: { kind: "uefi" }, vsock: true },
  actions: { boot: kernel, power: { reset: "exit", shutdown: "exit:255", crash: "reset" } },
};

const detection: Detection = {
  ...{ vmm: "openvmm", present: true, binary: "/openvmm", version: "1.0", notes: [], fixes: [] },
  accelerators: [{ name: "mshv", works: true, cpuMode: 64, reason: "ran" }],
  firmware: [
    { boot: "uefi", code: "/MSVM.fd", name: "mu_msvm", source: "named" },
    { boot: "pcat", code: "/pcat.dll", vgaBios: "/vga.dll", name: "PCAT", source: "named" },
  ],
};

test.each(Object.entries(machines))("the double takes what is planned for %s", (_, machine) => {
  const plan = planOpenvmm(machineSchema.parse(machine), { runDir: "/run", traceDir: "/trace" }, detection);
  expect(isTaken(plan.run.args)).toBe(true);
});
