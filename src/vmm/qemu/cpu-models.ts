import { z } from "zod";
import type { Host } from "../../host/host.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { CpuNames } from "../contract.ts";

const definition = z.object({ name: z.string(), "unavailable-features": z.array(z.string()).default([]) });
const definitions = z.object({ return: z.array(definition) });
const expansion = z.object({ return: z.object({ model: z.object({ props: z.record(z.string(), z.unknown()) }) }) });

const question = (execute: string, more: object = {}) => `${JSON.stringify({ execute, ...more })}\n`;

const questions = [
  question("qmp_capabilities"),
  question("query-cpu-definitions", { id: "models" }),
  // Of the model `max` QEMU knows every property that any other has.
  question("query-cpu-model-expansion", { id: "features", arguments: { type: "full", model: { name: "max" } } }),
  question("quit"),
].join("");

/**
 * The CPU models and features QEMU has, and which of the features this accelerator lacks, from QEMU itself: one start
 * without a machine (QMP `query-cpu-definitions`, `query-cpu-model-expansion`). Undefined if it does not say.
 */
export async function askCpuNames(
  host: Host,
  binary: string,
  accelerator: AcceleratorName,
  signal: AbortSignal | undefined,
): Promise<CpuNames | undefined> {
  const accel = accelerator === "whp" ? "whpx" : accelerator;
  const args = ["-machine", "none", "-nodefaults", "-display", "none", "-S", "-accel", accel, "-qmp", "stdio"];
  try {
    const options = { input: questions, timeoutMs: 10_000, ...(signal ? { signal } : {}) };
    return readCpuNames((await host.run(binary, args, options)).stdout.toString());
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

/** What the answers say. Throws if they are not there. */
export function readCpuNames(output: string): CpuNames {
  const answers = output
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): { id?: unknown } => JSON.parse(line));
  const answer = (id: string) => answers.find((each) => each.id === id);
  const models = definitions.parse(answer("models")).return;
  const { props } = expansion.parse(answer("features")).return.model;
  const flags = Object.keys(props).filter((name) => typeof props[name] === "boolean");
  // QEMU turns a feature's name that it does not know into one with hyphens (target/i386/cpu.c, feat2prop).
  const lacked = new Set(models.flatMap((model) => model["unavailable-features"]));
  return {
    models: models.map(({ name }) => name).sort(),
    features: flags.sort(),
    lacks: flags.filter((name) => lacked.has(name)).sort(),
  };
}
