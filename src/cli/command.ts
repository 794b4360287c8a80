import { Command } from "commander";
import { UsageError } from "../machine/errors.ts";
import { type AcceleratorName, acceleratorNames, type VmmName, vmmNames } from "../machine/placement.ts";
import type { RunAction } from "./program.ts";

const examples = `
Writes the commands by which this machine runs without Petri, in order and ready to paste: copies, loaders, the VMM,
what cleans up. What these commands do not say of the machine is listed on stderr. The machine is a file of JSON, a
libvirt domain's file, or another VMM's command in quotes; one of those is fitted to the VMM, and each change is told.

Examples:
  $ petri command --vmm qemu machine.json
  $ petri command --vmm qemu "bhyve -c 2 -m 1G -s 0,hostbridge -s 3,virtio-blk,disk.img -l com1,stdio vm1"
  $ petri command --vmm qemu --json machine.json
`;

export interface CommandFlags {
  readonly vmm?: VmmName;
  readonly hypervisor?: AcceleratorName;
  readonly json?: boolean;
}

export function define(run: RunAction): Command {
  return new Command("command")
    .argument("<MACHINE>", "a machine's file, or a command in quotes")
    .option("--vmm <VMM>", `the program that runs it: ${vmmNames.join(", ")} (required)`)
    .option("--hypervisor <NAME>", `what executes guest code: ${acceleratorNames.join(", ")}`)
    .option("--json", 'one line of JSON on stdout: {"vmm", "steps": [{"file", "args"}], "notCarried"}')
    .addHelpText("after", examples)
    .action(
      run(async (signal, operand: string, { vmm, hypervisor, json = false }: CommandFlags) => {
        if (vmm === undefined) throw new UsageError(`--vmm is missing: write --vmm ${vmmNames.join("|")}`);
        if (!vmmNames.includes(vmm))
          throw new UsageError(`--vmm ${String(vmm)} is not accepted: write ${vmmNames.join(", ")}`);
        if (hypervisor !== undefined && !acceleratorNames.includes(hypervisor)) {
          throw new UsageError(
            `--hypervisor ${String(hypervisor)} is not accepted: write ${acceleratorNames.join(", ")}`,
          );
        }
        const { commandCommand } = await import("./command/command-command.ts");
        return await commandCommand(operand, { vmm, hypervisor, json, signal });
      }),
    );
}
