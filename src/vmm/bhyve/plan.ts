import { dirname, join } from "node:path";
import { UnsupportedError } from "../../machine/errors.ts";
import type { ConsoleName, Machine } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { Detection, PlanStep, PlanSteps, RunPaths, VmmPlan } from "../contract.ts";
import { withSlots } from "../slots.ts";
import { vmNameOf } from "../vm-name.ts";
import { dialectOf } from "./dialect.ts";
import { smbiosVariables } from "./smbios.ts";
import { bhyveSupport } from "./support.ts";

const mib = 2 ** 20;

/**
 * Lowers a machine to bhyve(8): what clears a VM of that name, what loads a kernel before each start, the command that
 * runs the guest until its power changes, and what destroys the VM in the kernel. Pure; throws UnsupportedError with
 * every reason.
 */
export function planBhyve(machine: Machine, paths: RunPaths, detection: Detection, wanted?: AcceleratorName): VmmPlan {
  const refusals = bhyveSupport(machine, detection, wanted);
  if (refusals.length > 0) {
    throw UnsupportedError.of(
      refusals.map(({ axis, reason }) => `${axis}: ${reason}`),
      "bhyve cannot run this machine",
    );
  }
  const vmName = vmNameOf(paths);
  const program = detection.binary ?? "bhyve";
  const tool = (name: string) => join(dirname(program), name);
  const hasConsole = (machine.consoles.com1 ?? "none") !== "none";
  const com1 = join(paths.runDir, "com1");
  const boot = bootOf(machine, paths, detection);
  const disks = disksOf(machine, paths);
  return {
    vmm: "bhyve",
    accelerator: "bhyve-vmm",
    run: {
      file: program,
      args: [
        ...(dialectOf(detection.version).needsAcpiOption ? ["-A"] : []),
        // -H: a halted guest leaves its CPU to others. -w: Linux asks for MSRs that bhyve lacks.
        ...[
          "-H",
          "-P",
          ...(machine.rtc === "utc" ? ["-u"] : []),
          "-w",
          "-c",
          processors(machine),
          "-m",
          `${machine.memory.size / mib}M`,
        ],
        ...(machine.memory.prefetch ? ["-S"] : []),
        ...identityArguments(machine),
        ...boot.args,
        ...["-s", "0,hostbridge"],
        ...[...disks.devices, ...otherDevices(machine)].flatMap((device, index) => ["-s", `${index + 1},${device}`]),
        ...["-s", "31,lpc"],
        ...(hasConsole ? ["-l", "com1,stdio"] : []),
        ...(machine.vmmOptions?.bhyve ?? []),
        vmName,
      ],
    },
    steps: stepsOf(machine, vmName, tool, boot.loader),
    ...(hasConsole && { stdio: "com1" as ConsoleName }),
    consoles: hasConsole ? { com1 } : {},
    ...(hasConsole && paths.hasFifos && { fifos: ["com1" as ConsoleName] }),
    copies: [...boot.copies, ...disks.copies],
    files: boot.files,
    firmware: machine.boot.kind === "uefi" ? "ovmf" : "none",
    isPersistent: machine.disks.some(({ persist }) => persist),
    notes: [],
  };
}

function stepsOf(
  machine: Machine,
  vmName: string,
  tool: (name: string) => string,
  loader: { readonly args: readonly string[]; readonly input: string } | undefined,
): PlanSteps {
  const destroy: PlanStep = { file: tool("bhyvectl"), args: [`--vm=${vmName}`, "--destroy"], mayFail: true };
  if (!loader) return { prepare: [destroy], load: [], cleanUp: [destroy] };
  const memory = ["-M", `${machine.memory.size / mib}M`];
  const { args, input } = loader;
  // A VM that has run cannot be loaded again: it is made anew.
  const load = [destroy, { file: tool("grub-bhyve"), args: [...memory, ...args, vmName], input }];
  return { prepare: [], load, cleanUp: [destroy] };
}

function processors({ processors: { count, sockets, cores, threads } }: Machine): string {
  const topology = Object.entries({ sockets, cores, threads }).filter(([, value]) => value !== undefined);
  return [`cpus=${count}`, ...topology.map(([name, value]) => `${name}=${value}`)].join(",");
}

function identityArguments({ uuid, smbios }: Machine): string[] {
  // bhyve_config(5): '%' would begin the name of another variable.
  const strings = smbiosVariables.flatMap(([key, variable]) => {
    const value = smbios?.[key];
    return value === undefined ? [] : ["-o", `${variable}=${value.replaceAll("%", "%%")}`];
  });
  return [...(uuid === undefined ? [] : ["-U", uuid]), ...strings];
}

function bootOf({ boot }: Machine, paths: RunPaths, detection: Detection) {
  if (boot.kind === "uefi") {
    const found = detection.firmware.find((each) => each.boot === "uefi");
    const code = boot.firmware ?? found?.code ?? "";
    const nvram = boot.nvram ?? (boot.firmware ? undefined : found?.nvram);
    if (!nvram) return { args: ["-l", `bootrom,${code}`], copies: [], files: [] };
    const own = join(paths.runDir, "nvram.fd");
    return { args: ["-l", `bootrom,${code},${own}`], copies: [{ from: nvram, to: own }], files: [] };
  }
  if (boot.kind === "pcat") return { args: [], copies: [], files: [] };
  const map = join(paths.runDir, "device.map");
  return {
    args: [],
    copies: [],
    files: [{ path: map, text: "" }],
    loader: {
      // -n: the command line is the machine's own.
      args: ["-n", "-m", map, "-r", "host"],
      input: grubScript(boot),
    },
  };
}

/** What grub-bhyve is told: its device `host` is the host's own file system. */
function grubScript({ kernel, initrd, cmdline = "" }: Extract<Machine["boot"], { kind: "kernel" }>): string {
  const words = cmdline === "" ? "" : ` ${cmdline.split(" ").map(grubQuote).join(" ")}`;
  const file = (path: string) => grubQuote(`(host)${path}`);
  const modules = initrd?.split(",") ?? [];
  return [
    // A multiboot kernel is told by trying: `multiboot` refuses a bzImage, and `linux` an ELF file.
    `if multiboot ${file(kernel)}${words}; then`,
    ...modules.map((path) => `  module ${file(path)}`),
    "  true",
    "else",
    `  linux ${file(kernel)}${words}`,
    ...(modules.length > 0 ? [`  initrd ${modules.map(file).join(" ")}`] : []),
    "fi",
    "boot",
    "",
  ].join("\n");
}

/** GRUB's shell keeps what stands between single quotes as it is. */
function grubQuote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./()-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

const emulations = { virtio: "virtio-blk", ahci: "ahci-hd", nvme: "nvme" } as const;

function disksOf({ disks }: Machine, paths: RunPaths) {
  const copies: { from: string; to: string }[] = [];
  const devices = withSlots(disks)
    .map((disk, index) => ({ disk, index }))
    .sort((a, b) => a.disk.slot - b.disk.slot)
    .map(({ disk, index }) => {
      const { bus, dvd, readOnly, persist, file } = disk;
      const isSpared = readOnly || dvd || persist;
      // bhyve has no overlay of its own: what the guest writes goes into a copy, which goes with the run directory.
      const own = isSpared ? file : join(paths.runDir, `disk${index}`);
      if (!isSpared) copies.push({ from: file, to: own });
      // support() leaves these three.
      const emulation = dvd ? "ahci-cd" : emulations[bus as keyof typeof emulations];
      return [emulation, own, ...(readOnly || dvd ? ["ro"] : [])].join(",");
    });
  return { devices, copies };
}

function otherDevices({ nics, rng, filesystems }: Machine): string[] {
  return [
    ...nics.map(({ model, backend, forward, mac, mtu }) =>
      [
        model === "e1000" ? "e1000" : "virtio-net",
        ...(backend === "user" ? ["slirp"] : []),
        ...forward.map(
          ({ protocol, hostAddress, hostPort, guestPort }) =>
            `hostfwd=${protocol}:${hostAddress}:${hostPort}-:${guestPort}`,
        ),
        ...(mtu === undefined ? [] : [`mtu=${mtu}`]),
        ...(mac ? [`mac=${mac.replaceAll("-", ":")}`] : []),
      ].join(","),
    ),
    ...(rng ? ["virtio-rnd"] : []),
    ...filesystems.map(({ tag, path, readOnly }) => `virtio-9p,${tag}=${path}${readOnly ? ",ro" : ""}`),
  ];
}
