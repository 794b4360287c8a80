import type { Machine } from "./machine.ts";
import type { MachineOverrides } from "./merge.ts";
import { formatSize } from "./size.ts";
import { parseMachine } from "./validate.ts";

/** What a machine says beyond the defaults: parseMachine makes the same machine of it. */
export function briefMachine(machine: Machine): MachineOverrides {
  const usual = parseMachine({ boot: machine.boot });
  const entries = Object.entries(machine).flatMap(([key, value]) => {
    const said = key === "boot" ? value : beyond(value, usual[key as keyof Machine]);
    return said === undefined ? [] : [[key, said]];
  });
  const said: MachineOverrides = { ...Object.fromEntries(entries), boot: brief(machine.boot, { frontpage: true }) };
  return said.memory === undefined ? said : { ...said, memory: withUnits(said.memory) };
}

function withUnits(memory: NonNullable<MachineOverrides["memory"]>): NonNullable<MachineOverrides["memory"]> {
  const { size, hugepageSize } = memory;
  return {
    ...memory,
    ...(typeof size === "number" ? { size: formatSize(size) } : {}),
    ...(typeof hugepageSize === "number" ? { hugepageSize: formatSize(hugepageSize) } : {}),
  };
}

const diskDefaults = { readOnly: false, persist: false, dvd: false };
const nicDefaults = { backend: "user", model: "virtio", forward: [] };

/** Undefined where nothing is said. */
function beyond(value: unknown, usual: unknown): unknown {
  if (value === undefined || same(value, usual)) return undefined;
  if (Array.isArray(value)) {
    return value.map((item: unknown) =>
      isPlain(item) ? brief(item, "forward" in item ? nicDefaults : diskDefaults) : item,
    );
  }
  return isPlain(value) && isPlain(usual) ? brief(value, usual) : value;
}

function brief(value: object, usual: object): object {
  const known = new Map<string, unknown>(Object.entries(usual));
  return Object.fromEntries(
    Object.entries(value).filter(
      ([key, each]) => each !== undefined && !(known.has(key) && same(each, known.get(key))),
    ),
  );
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
