import { Command } from "commander";
import type { RunAction } from "./program.ts";

const examples = `
Each line is a cell: a VMM, a way to boot, an image. The reason why one does not run here is that of the skipped test.

Exit codes: 0 at least one cell runs here · 69 none does

Examples:
  $ petri matrix
  $ petri matrix debian-cloud petri-guest
  $ petri matrix --json | jq -r 'select(.runs) | "\\(.vmm) \\(.boot)"'
`;

export function define(run: RunAction): Command {
  return new Command("matrix")
    .argument("[IMAGES...]", "names of the catalogue; petri-guest if absent")
    .option("--json", 'one line of JSON for each cell: {"vmm", "isDouble", "boot", "image", "runs", "reason"}')
    .addHelpText("after", examples)
    .action(
      run(async (signal, images: string[], { json = false }: { json?: boolean }) => {
        const { matrixCommand } = await import("./matrix/matrix-command.ts");
        return await matrixCommand(images.length > 0 ? images : ["petri-guest"], { json, signal });
      }),
    );
}
