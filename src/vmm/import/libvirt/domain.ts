import type { MachineInput } from "../../../machine/machine.ts";
import type { MachineOverrides } from "../../../machine/merge.ts";
import { isUefiFile } from "../firmware-names.ts";
import type { ImportSheet } from "../sheet.ts";
import type { DomainNode } from "./node.ts";

type Processors = NonNullable<MachineInput["processors"]>;
type Memory = NonNullable<MachineInput["memory"]>;

/** formatdomain, "Operating system booting". */
export function readBoot(domain: DomainNode, arch: string, sheet: ImportSheet): NonNullable<MachineOverrides["boot"]> {
  const os = domain.child("os");
  os?.all("boot");
  const [kernel, initrd, cmdline] = [os?.textOf("kernel"), os?.textOf("initrd"), os?.textOf("cmdline")];
  const [loader, nvram] = [os?.child("loader"), os?.child("nvram")];
  const direct =
    kernel === undefined
      ? {}
      : { kernel, ...(initrd === undefined ? {} : { initrd }), ...(cmdline === undefined ? {} : { cmdline }) };
  const code = loader?.text;
  const vars = nvram?.attribute("template") ?? (nvram?.text === "" ? undefined : nvram?.text);
  const isUefi =
    os?.attribute("firmware") === "efi" ||
    loader?.attribute("type") === "pflash" ||
    (code !== undefined && code !== "" && isUefiFile(code));
  if (isUefi) {
    return {
      kind: "uefi",
      ...(code === undefined || code === "" ? {} : { firmware: code }),
      ...(vars === undefined || code === undefined ? {} : { nvram: vars }),
      ...direct,
    };
  }
  if (kernel !== undefined) return { kind: "kernel", ...direct };
  if (arch === "x86_64") return { kind: "pcat", ...(code === undefined || code === "" ? {} : { firmware: code }) };
  sheet.drop("(no <kernel>, no <loader>)", "the board's own firmware boots: uefi is taken for it");
  return { kind: "uefi" };
}

export function readProcessors(domain: DomainNode, sheet: ImportSheet): Processors {
  const vcpu = domain.child("vcpu");
  const most = Number(vcpu?.text ?? "1");
  const count = Number(vcpu?.attribute("current") ?? most);
  if (vcpu !== undefined && !/^\d+$/.test(vcpu.text))
    sheet.refuse(`XML error: maximum vcpus must be an integer: ${vcpu.text}`);
  if (count !== most) sheet.drop(`<vcpu>${most}</vcpu>`, "a machine has no processors to plug in later");
  const cpu = domain.child("cpu");
  const topology = cpu?.child("topology");
  const axis = (name: string) => {
    const text = topology?.attribute(name);
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  };
  const [sockets, cores, threads, dies] = [
    axis("sockets"),
    axis("cores"),
    axis("threads"),
    (axis("dies") ?? 1) * (axis("clusters") ?? 1),
  ];
  const isWhole = dies === 1 && (sockets ?? 1) * (cores ?? 1) * (threads ?? 1) === count;
  if (topology !== undefined && !isWhole)
    sheet.drop(topology.said, "a machine's topology is of sockets, cores and threads that all are there");
  return {
    count: Number.isInteger(count) ? count : 1,
    ...(topology === undefined || !isWhole ? {} : { sockets, cores, threads }),
    ...readModel(cpu),
  };
}

function readModel(cpu: DomainNode | undefined): Processors {
  const mode = cpu?.attribute("mode");
  const model =
    mode === "host-passthrough" || mode === "host-model" ? "host" : mode === "maximum" ? "max" : cpu?.textOf("model");
  const features = (cpu?.all("feature") ?? []).flatMap((feature) => {
    const [name, policy] = [feature.attribute("name"), feature.attribute("policy")];
    return name === undefined ? [] : [`${policy === "disable" || policy === "forbid" ? "-" : "+"}${name}`];
  });
  return {
    ...(model === undefined || model === "" ? {} : { model }),
    ...(features.length === 0 ? {} : { features: [...new Set(features)] }),
  };
}

const units: Readonly<Record<string, number>> = {
  ...{
    b: 1,
    bytes: 1,
    KB: 1e3,
    k: 2 ** 10,
    KiB: 2 ** 10,
    MB: 1e6,
    M: 2 ** 20,
    MiB: 2 ** 20,
    GB: 1e9,
    G: 2 ** 30,
    GiB: 2 ** 30,
  },
  ...{ TB: 1e12, T: 2 ** 40, TiB: 2 ** 40 },
};

/** KiB unless a unit is said (formatdomain, "Memory Allocation"). */
export function readMemory(domain: DomainNode, sheet: ImportSheet): Memory {
  const memory = domain.child("memory");
  const unit = units[memory?.attribute("unit") ?? "KiB"];
  const size = Number(memory?.text) * (unit ?? Number.NaN);
  if (memory === undefined || !Number.isSafeInteger(size)) {
    // A memory backed by NUMA cells may leave the sum out.
    sheet.drop(memory?.said ?? "(no <memory>)", "is no size: 1G is taken");
    return {};
  }
  const backing = domain.child("memoryBacking");
  const huge = backing?.child("hugepages");
  const access = backing?.child("access")?.attribute("mode");
  const pages = Math.ceil(size / 4096) * 4096;
  return {
    size: pages,
    ...(huge === undefined ? {} : { hugepages: true }),
    ...(access === undefined || huge !== undefined ? {} : { shared: access === "shared" }),
    ...(backing?.child("allocation")?.attribute("mode") === "immediate" ? { prefetch: true } : {}),
  };
}
