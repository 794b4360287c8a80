import { Command } from "commander";
import type { RunAction } from "./program.ts";

const examples = `
Every accelerator is proven by running guest code under it. Answers are kept until the host boots again or a program
they rest on changes; --fresh asks again.

Exit codes: 0 at least one VMM works · 69 none does

Examples:
  $ petri doctor
  $ petri doctor --fresh
  $ petri doctor --json | jq '.vmms[] | select(.works) | .vmm'
`;

export function define(run: RunAction): Command {
  return new Command("doctor")
    .option("--fresh", "run every probe again")
    .option("--json", "the findings as one JSON document")
    .addHelpText("after", examples)
    .action(
      run(async (signal, options: { fresh?: boolean; json?: boolean }) => {
        const { doctor } = await import("./doctor/examine.ts");
        return await doctor({ fresh: options.fresh === true, json: options.json === true, signal });
      }),
    );
}
