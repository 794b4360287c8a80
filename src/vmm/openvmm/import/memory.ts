import type { MachineInput } from "../../../machine/machine.ts";
import { readSize } from "../../../machine/size.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { OpenvmmLine } from "./line.ts";

type Memory = NonNullable<MachineInput["memory"]>;

const keys = ["size", "shared", "prefetch", "thp", "hugepages", "hugepage_size", "file"];
const nodeKeys = ["host_numa_node", "vps"];

export function readProcessors(line: OpenvmmLine, sheet: ImportSheet): NonNullable<MachineInput["processors"]> {
  const text = line.last("processors") ?? "1";
  if (/^\d{1,4}$/.test(text) && Number(text) > 0) return { count: Number(text) };
  if (!text.includes("$")) sheet.refuse(`error: invalid value '${text}' for '--processors <COUNT>'`);
  return { count: 1 };
}

/** `--memory`, its deprecated twins, or the sum of `--numa`'s nodes; 1G if nothing is said. */
export function readMemory(line: OpenvmmLine, sheet: ImportSheet): Memory {
  const nodes = line.all("numa");
  for (const { said } of nodes)
    sheet.drop(said, "a machine's NUMA nodes are not carried yet: their memory is added up");
  const [first, ...more] = nodes.map(({ value }) =>
    readSpec(
      value,
      [...keys, ...nodeKeys].filter((key) => key !== "file"),
      "--numa",
      sheet,
    ),
  );
  const sum = more.reduce((all, node) => all + Number(node.size ?? 0), Number(first?.size ?? 0));
  const own = line.all("memory").map(({ value }) => readSpec(value, keys, "--memory", sheet));
  const file = line.last("memory-backing-file");
  const memory: Memory = {
    ...(first === undefined ? {} : { ...first, ...(sum === 0 ? {} : { size: sum }) }),
    ...(line.has("private-memory") ? { shared: false } : {}),
    ...(line.has("prefetch") ? { prefetch: true } : {}),
    ...(line.has("thp") ? { thp: true } : {}),
    ...(file === undefined ? {} : { file }),
    ...Object.assign({}, ...own),
  };
  if (memory.thp === true && memory.shared !== false) sheet.refuse("error: --memory thp=on requires shared=off");
  if (memory.hugepages === true && memory.shared === false)
    sheet.refuse("error: --memory hugepages=on requires shared memory");
  if (memory.hugepages === true && memory.file !== undefined)
    sheet.refuse("error: --memory hugepages=on cannot be combined with file=");
  if (memory.hugepageSize !== undefined && memory.hugepages !== true)
    sheet.refuse("error: --memory hugepage_size= requires hugepages=on");
  return memory;
}

function readSpec(text: string, known: readonly string[], option: string, sheet: ImportSheet): Memory {
  const memory: Memory = {};
  // A list in brackets has commas of its own.
  text.split(/,(?![^[]*\])/).forEach((item, index) => {
    const equals = item.indexOf("=");
    const [key, value] =
      equals < 0 ? [index === 0 ? "size" : item, item] : [item.slice(0, equals), item.slice(equals + 1)];
    const wrong = () => value.includes("$") || sheet.refuse(`error: invalid value '${text}' for '${option}': ${item}`);
    if (!known.includes(key)) sheet.refuse(`error: invalid value '${text}' for '${option}': unknown key ${key}`);
    else if (nodeKeys.includes(key)) return;
    else if (key === "file") memory.file = value;
    else if (key === "size" || key === "hugepage_size") {
      const bytes = readSize(value);
      if (bytes === undefined) wrong();
      else memory[key === "size" ? "size" : "hugepageSize"] = bytes;
    } else if (value === "on" || value === "off")
      memory[key as "shared" | "prefetch" | "thp" | "hugepages"] = value === "on";
    else wrong();
  });
  return memory;
}
