import { Command } from "commander";
import { addRunOptions } from "./boot/options.ts";
import type { RunAction } from "./program.ts";

const examples = `
Boots the machine of a trace on the VMM it ran on. The files it booted from must be the same, byte for byte; --anyway
boots with what is there now. The console is attached as with \`petri boot\`, and the same options judge the run.

Examples:
  $ petri repro petri-results/20260101-120000Z-abc123/powers-off/1-vm
  $ petri repro petri-results/20260101-120000Z-abc123/powers-off/1-vm --expect "login:" --timeout 60s
  $ petri repro petri-results/20260101-120000Z-abc123/powers-off/1-vm --replay --gdb /tmp/gdb.sock
`;

export function define(run: RunAction): Command {
  const command = new Command("repro")
    .argument("<TRACE>", "the folder of one VM's record")
    .option("--anyway", "boot even if files have changed since")
    .option("--replay", "repeat the recorded run itself, instruction by instruction (of a machine with record)")
    .option("--gdb <SOCKET>", "with --replay: a Unix socket on which gdb finds the guest, and can go back")
    .addHelpText("after", examples);
  const flags = addRunOptions(command);
  return command.action(
    run(async (signal, trace: string, options: { anyway?: boolean; replay?: boolean; gdb?: string }) => {
      const { reproCommand } = await import("./boot/repro-command.ts");
      return await reproCommand(trace, {
        ...{ flags, signal, gdb: options.gdb },
        anyway: options.anyway === true,
        replay: options.replay === true,
      });
    }),
  );
}
