import type { MachineInput } from "../machine.ts";
import { show, showWord } from "../problem.ts";
import { cpuFeature, cpuFeatureForm } from "../processors.ts";
import { formatSize } from "../size.ts";
import { countKey, type ListGrammar, onOff, readList, sizeKey, splitCommas, textKey } from "./list-text.ts";
import { type Draft, type MachineOption, type Report, withMachine } from "./option.ts";

const group = "Processors and memory";

type ProcessorsInput = NonNullable<MachineInput["processors"]>;
type MemoryInput = NonNullable<MachineInput["memory"]>;

const processorsList: ListGrammar<ProcessorsInput> = {
  first: countKey((count) => ({ count })),
  keys: {
    count: countKey((count) => ({ count })),
    sockets: countKey((sockets) => ({ sockets })),
    cores: countKey((cores) => ({ cores })),
    threads: countKey((threads) => ({ threads })),
  },
};

const memoryList: ListGrammar<MemoryInput> = {
  first: sizeKey((size) => ({ size })),
  keys: {
    size: sizeKey((size) => ({ size })),
    shared: onOff((shared) => ({ shared })),
    prefetch: onOff((prefetch) => ({ prefetch })),
    thp: onOff((thp) => ({ thp })),
    hugepages: onOff((hugepages) => ({ hugepages })),
    hugepage_size: sizeKey((hugepageSize) => ({ hugepageSize })),
    file: textKey("the path of a file", (file) => ({ file })),
  },
};

/** OpenVMM's deprecated options write the same keys as `--memory`; two that disagree are a mistake. */
function addMemory(draft: Draft, memory: Partial<MemoryInput>, report: Report): Draft {
  const before: Record<string, unknown> = { ...draft.machine.memory };
  for (const [key, value] of Object.entries(memory)) {
    if (key in before && before[key] !== value)
      report.wrong(`another option sets ${key} to ${word(before[key])}: keep one`);
  }
  return withMachine(draft, { memory });
}

function word(value: unknown): string {
  if (typeof value === "number") return formatSize(value);
  return typeof value === "boolean" ? (value ? "on" : "off") : show(value);
}

function alias(name: string, help: string, memory: Partial<MemoryInput>, example: string): MachineOption {
  const [key = ""] = Object.keys(memory);
  const apply = (draft: Draft, _text: string, report: Report) => addMemory(draft, memory, report);
  return { name, help, group, origin: "openvmm", example, sets: `memory.${key}`, apply };
}

export const processorOptions: readonly MachineOption[] = [
  {
    name: "processors",
    short: "p",
    value: "COUNT",
    help: "virtual processors, or count=N,sockets=N,cores=N,threads=N (cores per socket, threads per core)",
    group,
    origin: "openvmm",
    example: "--uefi --processors count=4,sockets=1,cores=2,threads=2",
    sets: "processors",
    apply: (draft, text, report) => withMachine(draft, { processors: readList(text, processorsList, report) }),
  },
  {
    name: "cpu",
    value: "MODEL",
    help: "the CPU model and features: MODEL[,+FEATURE][,-FEATURE]",
    group,
    origin: "petri",
    example: "--uefi --cpu max,+x2apic,-avx2",
    sets: ["processors.model", "processors.features"],
    apply: (draft, text, report) => withMachine(draft, { processors: readCpu(text, report) }),
  },
  {
    name: "memory",
    short: "m",
    value: "SPEC",
    help: "guest RAM: a size, or size=,shared=,prefetch=,thp=,hugepages=,hugepage_size=,file=",
    group,
    origin: "openvmm",
    example: "--uefi --memory size=4G,shared=off,thp=on",
    sets: "memory",
    apply: (draft, text, report) => addMemory(draft, readList(text, memoryList, report), report),
  },
  alias("private-memory", "deprecated: --memory shared=off", { shared: false }, "--uefi --private-memory"),
  alias("prefetch", "deprecated: --memory prefetch=on", { prefetch: true }, "--uefi --prefetch"),
  alias("thp", "deprecated: --memory thp=on", { thp: true }, "--uefi --private-memory --thp"),
  {
    name: "memory-backing-file",
    value: "PATH",
    help: "deprecated: --memory file=PATH",
    group,
    origin: "openvmm",
    example: "--uefi --memory-backing-file memory.bin",
    sets: "memory.file",
    apply: (draft, file, report) => addMemory(draft, { file }, report),
  },
];

function readCpu(text: string, report: Report): Partial<ProcessorsInput> {
  const items = splitCommas(text);
  const model = /^[+-]/.test(items[0] ?? "") ? undefined : items.shift();
  const features = items.filter((item) => {
    if (cpuFeature.test(item)) return true;
    report.wrong(`${item === "" ? "nothing" : showWord(item)} is not accepted: ${cpuFeatureForm}`);
    return false;
  });
  return { ...(model === undefined ? {} : { model }), ...(features.length === 0 ? {} : { features }) };
}
