import { Command } from "commander";
import { UsageError } from "../machine/errors.ts";
import type { RunAction } from "./program.ts";

const examples = `
Only folders that Petri made are touched, and none whose run is still alive. Without an option the oldest runs go until
the rest fits into traceCap.

Examples:
  $ petri clean --dry-run
  $ petri clean --older-than 168h
  $ petri clean --all
`;

export function define(run: RunAction): Command {
  return new Command("clean")
    .option("--all", "every run that is not in use")
    .option("--older-than <TIME>", "runs that started longer ago, such as 12h or 7d")
    .option("--results <DIR>", "the folder of results (default: that of the configuration)")
    .option("--dry-run", "only tell what would go")
    .addHelpText("after", examples)
    .action(run(async (_signal, options: CleanFlags) => await clean(options)));
}

interface CleanFlags {
  readonly all?: boolean;
  readonly olderThan?: string;
  readonly results?: string;
  readonly dryRun?: boolean;
}

async function clean({ all, olderThan, results, dryRun }: CleanFlags): Promise<number> {
  const { loadSettings } = await import("./config-file.ts");
  const { cleanResults } = await import("../trace/retention.ts");
  const { humanSize } = await import("../machine/size.ts");
  const settings = await loadSettings({ results });
  const olderThanMs = olderThan === undefined ? undefined : await readAge(olderThan);
  const cleaned = cleanResults(settings.results, {
    ...(all || olderThanMs !== undefined ? {} : { capBytes: settings.traceCap }),
    ...(olderThanMs === undefined ? {} : { olderThanMs }),
    all: all === true,
    dryRun: dryRun === true,
  });
  for (const dir of cleaned.removed) process.stdout.write(`${dryRun ? "would remove" : "removed"} ${dir}\n`);
  const verb = dryRun ? "would go" : "gone";
  const { removed, removedBytes, keptBytes } = cleaned;
  process.stdout.write(
    `${removed.length} ${removed.length === 1 ? "run" : "runs"} (${humanSize(removedBytes)}) ${verb}; ${humanSize(keptBytes)} stay in ${settings.results}\n`,
  );
  return 0;
}

async function readAge(text: string): Promise<number> {
  const { readDuration } = await import("../machine/size.ts");
  const days = /^(\d+)d$/.exec(text)?.[1];
  const age = days === undefined ? readDuration(text) : Number(days) * 86_400_000;
  if (age === undefined) throw new UsageError(`--older-than ${text} is not accepted: write a time such as 12h or 7d`);
  return age;
}
