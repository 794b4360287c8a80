import { Command } from "commander";
import type { RunAction } from "./program.ts";

const examples = `
Looks at the VMs that \`petri test --pause\` keeps: each is frozen where its test failed, and gone when that run ends.
Without a VM they are listed. With one its console is joined to yours: what it printed last is shown, and what you type
goes to it once it runs (Ctrl-] then p). The recorder reads on beside you and loses nothing. Ctrl-] then q leaves the VM
as it is; so does the end of the input, where stdin is no terminal.

Actions:
  console      the console (if none is given)
  info         its test, its failure, its state, how to log in by ssh, where its trace is
  resume       lets the guest run on; pause freezes it again
  registers    every vCPU's registers
  screenshot   a picture into the trace's folder, or the screen's text
  gdb          opens a gdb server and says how to connect
  discard      ends it: its test is over, and the run goes on

Examples:
  $ petri attach
  $ petri attach 4711
  $ petri attach 4711 registers
  $ petri attach 4711 discard
`;

export interface AttachFlags {
  readonly console?: string;
}

export function define(run: RunAction): Command {
  return new Command("attach")
    .argument("[VM]", "its name, as petri test told it")
    .argument("[ACTION]", "what to do with it", "console")
    .option("--console <NAME>", "which console: com1 to com4, hvc0 (default: its first)")
    .addHelpText("after", examples)
    .action(
      run(async (signal, vm: string | undefined, action: string, flags: AttachFlags) => {
        const { attachCommand } = await import("./attach/attach-command.ts");
        return await attachCommand(vm, action, flags, signal);
      }),
    );
}
