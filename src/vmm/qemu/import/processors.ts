import type { MachineInput } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { Board } from "./arch.ts";
import type { CommandLine } from "./command-line.ts";
import { isX86Model } from "./known.ts";
import { isOn, Opts, readOpts, splitItems } from "./opts.ts";

type Processors = NonNullable<MachineInput["processors"]>;

export function readProcessors(line: CommandLine, board: Board, sheet: ImportSheet): Processors {
  return { ...readTopology(line, sheet), ...readModel(line, board, sheet) };
}

/** QEMU's rule since 6.2 (hw/core/machine-smp.c): what is left out is worked out, and the product must be maxcpus. */
function readTopology(line: CommandLine, sheet: ImportSheet): Processors {
  const parts = line.all("smp").map(({ value }) => readOpts("-smp", value, "cpus"));
  const smp = Opts.merged(parts.filter((part) => part !== undefined));
  if (smp === undefined) return { count: 1 };
  const number = (key: string) => {
    const text = smp.take(key);
    if (text === undefined) return undefined;
    if (/^0+$/.test(text)) sheet.drop(`-smp ${key}=0`, "QEMU takes it for one that is not said, and warns");
    if (/^\d{1,6}$/.test(text)) return Number(text) || undefined;
    if (!text.includes("$")) sheet.refuse(`-smp ${key}=${text}: Parameter '${key}' expects a number`);
    return undefined;
  };
  const [cpus, sockets, cores, threads] = [number("cpus"), number("sockets"), number("cores"), number("threads")];
  const others = ["dies", "clusters", "modules", "books", "drawers"].map((key) => number(key) ?? 1);
  const most = number("maxcpus");
  const said = [sockets, cores, threads].filter((each) => each !== undefined);
  const product = [...said, ...others].reduce((all, each) => all * each, 1);
  const total = most ?? cpus ?? product;
  if (said.length === 3 && product !== total) {
    sheet.refuse(`-smp: Invalid CPU topology: sockets * cores * threads is ${product}, not maxcpus (${total})`);
  } else if (total % product !== 0) {
    sheet.refuse(`-smp: Invalid CPU topology: ${total} CPUs cannot be made of ${product}`);
  }
  if (cpus !== undefined && most !== undefined && most < cpus)
    sheet.refuse("-smp: maxcpus must be equal to or greater than smp");
  const count = cpus ?? total;
  if (most !== undefined && most !== count)
    sheet.drop(`-smp maxcpus=${most}`, "a machine has no processors to plug in later");
  smp.dropRest(sheet);
  const isPlain = others.every((each) => each === 1) && count === total;
  if (others.some((each) => each !== 1))
    sheet.drop(`-smp dies, clusters`, "a machine's topology is sockets, cores and threads");
  return isPlain ? { count, sockets, cores, threads } : { count };
}

function readModel(line: CommandLine, board: Board, sheet: ImportSheet): Processors {
  const text = line.last("cpu");
  if (text === undefined) return {};
  const [model = "", ...rest] = splitItems(text);
  if (/^(help|\?)$/.test(model)) sheet.refuse("-cpu help: QEMU tells something and ends");
  if (board.isX86 && !isX86Model(model) && !model.includes("$"))
    sheet.refuse(`-cpu ${model}: unable to find CPU model '${model}'`);
  const features = rest.flatMap((item) => readFeature(item, sheet));
  // The last word on a feature counts.
  const last = features.filter(
    (each, index) => !features.slice(index + 1).some((later) => later.slice(1) === each.slice(1)),
  );
  return { ...(model === "" ? {} : { model }), ...(last.length === 0 ? {} : { features: last }) };
}

function readFeature(item: string, sheet: ImportSheet): string[] {
  const [, sign, plain] = /^([+-])([\w.-]+)$/.exec(item) ?? [];
  const [, key = item, value = "on"] = /^([\w.-]+)(?:=(.*))?$/.exec(item) ?? [];
  if (/^[+-]?(hv[_-]|kvm=|vmware-cpuid)/.test(item)) {
    sheet.drop(`-cpu ${item}`, "a machine has no choice of what a hypervisor says of itself yet");
    return [];
  }
  if (sign !== undefined && plain !== undefined) return [`${sign}${plain}`];
  if (
    ["check", "enforce", "migratable", "host-cache-info", "l3-cache", "pmu"].includes(key) ||
    !/^(on|off|yes|no|true|false)$/.test(value)
  ) {
    if (item !== "")
      sheet.drop(`-cpu ${item}`, "a machine says which features a processor has, and nothing else of it");
    return [];
  }
  return [`${isOn(value) ? "+" : "-"}${key}`];
}
