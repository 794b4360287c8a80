import { Command } from "commander";
import type { RunAction } from "./program.ts";

const examples = `
Shows what the guest printed, with the times at which it did. On a terminal: space pauses, q or Ctrl-C leaves; the guest
cannot reach past its console. Into a pipe or a file it is plain text, at once.

Examples:
  $ petri console petri-results/20260101-120000Z-abc123/powers-off/1-vm
  $ petri console petri-results/20260101-120000Z-abc123/powers-off/1-vm --speed 4 --idle 500ms
  $ petri console TRACE --at 30s                   all up to second 30 at once, then as it was
  $ petri console TRACE --console com2 | less
  $ petri console TRACE --asciicast boot.cast      for asciinema and its players
`;

export interface ConsoleFlags {
  readonly console: string;
  readonly speed?: string;
  readonly at?: string;
  readonly idle?: string;
  readonly wait: boolean;
  readonly asciicast?: string;
}

export function define(run: RunAction): Command {
  return new Command("console")
    .argument("<TRACE>", "the folder of one VM's record")
    .option("--console <NAME>", "which console: com1 to com4, hvc0", "com1")
    .option("--speed <N>", "so many times as fast (default: 1)")
    .option("--at <TIME>", "show what came before at once, such as 3s or 2m")
    .option("--idle <TIME>", "the longest pause (default: 2s)")
    .option("--no-wait", "no pauses at all")
    .option("--asciicast <FILE>", "write an asciicast v2 instead; - is stdout")
    .addHelpText("after", examples)
    .action(
      run(async (signal, trace: string, flags: ConsoleFlags) => {
        const { consoleCommand } = await import("./console/console-command.ts");
        return await consoleCommand(trace, flags, signal);
      }),
    );
}
