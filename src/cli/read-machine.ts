import { readFileSync } from "node:fs";
import { UsageError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { parseMachine } from "../machine/validate.ts";
import type { NotCarried } from "../vmm/import.ts";

export interface ReadMachine {
  readonly machine: Machine;
  /** Whose command line it was; absent for a machine file. */
  readonly from?: string;
  readonly notCarried: readonly NotCarried[];
}

/** A machine as an operand names it: a machine file of JSON, a libvirt domain's file, or a command in quotes. */
export async function readMachine(operand: string): Promise<ReadMachine> {
  if (!/\s/.test(operand) && !/\.(xml|conf)$/i.test(operand))
    return { machine: readMachineFile(operand), notCarried: [] };
  const { importOperand } = await import("./import/import-command.ts");
  const { vmm, machine, notCarried } = importOperand(operand);
  return { machine, from: vmm, notCarried };
}

function readMachineFile(path: string): Machine {
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`${path} cannot be read as a machine's JSON: ${(error as Error).message}`, { cause: error });
  }
  return parseMachine(input);
}
