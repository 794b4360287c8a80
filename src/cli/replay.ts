import { Command } from "commander";
import { addExpectOptions } from "./boot/options.ts";
import type { RunAction } from "./program.ts";

const examples = `
Asks every expectation of a recorded run again, over the recorded bytes and events, without a VM: by the same code, in
recorded time, at once. Ends as the run did, with its exit code, if all of them come to the same; with 1 and the first
difference if not, with 130 if the record ends before the run was judged.

With --expect or --fail-on the recording is judged by these instead, as \`petri boot\` would have judged the run.

Examples:
  $ petri replay petri-results/20260101-120000Z-abc123/powers-off/1-vm
  $ petri replay petri-results/20260101-120000Z-abc123/powers-off/1-vm --json
  $ petri replay petri-results/20260101-120000Z-abc123/boot/1-vm --expect "/login: $/" --fail-on "Kernel panic"
`;

export function define(run: RunAction): Command {
  const command = new Command("replay")
    .argument("<TRACE>", "the folder of one VM's record")
    .addHelpText("after", examples);
  const flags = addExpectOptions(command);
  return command.action(
    run(async (signal, trace: string) => {
      const { replayCommand } = await import("./replay/replay-command.ts");
      return await replayCommand(trace, flags, signal);
    }),
  );
}
