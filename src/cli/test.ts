import { Command } from "commander";
import { flagsOf, meaning, settingWords } from "../machine/environment.ts";
import { UsageError } from "../machine/errors.ts";
import type { RunAction } from "./program.ts";

const examples = `
Runs the tests of the working folder with vitest: its configuration holds, and what comes after -- is handed to it.
Cells that cannot run here are skipped with their reason; --require turns such a skip into a failure.

Exit codes: 0 passed · 1 failed, or less ran than was promised · 64 usage · 130 interrupted

Examples:
  $ petri test
  $ petri test --vmm v86 --boot kernel,pcat
  $ petri test tests/watchdog.test.ts --name "resets a hung guest" --repeat-until-fail
  $ petri test --pause tests/boot.test.ts        then, in another terminal: petri attach
  $ petri test --require qemu,v86 --floor ci/floor.json
  $ petri test -- --coverage
`;

export function define(run: RunAction, argv: readonly string[]): Command {
  const command = new Command("test")
    .argument("[PATHS...]", "files or folders of tests, or parts of their paths")
    .option("--name <REGEX>", "only tests whose name matches")
    .option("--shard <I/N>", "one of N parts of the test files, such as 1/3")
    .option("--repeat-until-fail [TIMES]", "again and again until something fails; that often at most")
    .option("--pause", "keep the VM of a failing test, frozen, until somebody has looked at it: petri attach")
    .option("--floor <FILE>", "a file that says how many of which cells must have run")
    .option("--min-cells <N>", "how many cells must have run")
    .option("--reporter <NAME>", "a vitest reporter beside Petri's own (repeats)", collect)
    .addHelpText("after", examples);
  command.optionsGroup("Settings, also in petri.config.ts and the environment:");
  for (const word of settingWords) {
    const [flag, ...others] = flagsOf(word);
    if (flag !== undefined) command.option(`--${flag} <${word.value}>`, `${meaning(word)} [${word.env}]`);
    for (const other of others) command.option(`--${other} <${word.value}>`, `the same as --${flag}`);
  }
  return command.action(
    run(async (signal, paths: string[], options: TestOptions) => {
      const { runTests } = await import("../testing/run-tests.ts");
      const end = argv.indexOf("--");
      const passThrough = end < 0 ? [] : argv.slice(end + 1);
      const tests = runTests({
        paths: paths.slice(0, paths.length - passThrough.length),
        settings: settingsOf(command),
        name: options.name,
        shard: options.shard,
        repeatUntilFail: repeats(options.repeatUntilFail),
        pause: options.pause,
        minCells: options.minCells === undefined ? undefined : count("--min-cells", options.minCells),
        floor: options.floor,
        reporters: options.reporter,
        passThrough,
      });
      // The run listens for signals itself as soon as it has something to end; until then this does.
      return await Promise.race([tests, interrupted(signal)]);
    }),
  );
}

function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

interface TestOptions {
  readonly name?: string;
  readonly shard?: string;
  readonly repeatUntilFail?: string | true;
  readonly pause?: boolean;
  readonly floor?: string;
  readonly minCells?: string;
  readonly reporter?: string[];
}

/** Flags as they were written; the settings' own reader judges them. */
function settingsOf(command: Command): Record<string, string | undefined> {
  const names = new Set(settingWords.flatMap(flagsOf));
  const said = command.options.filter((option) => names.has(option.long?.slice(2) ?? ""));
  return Object.fromEntries(
    said.map((option) => [
      option.long?.slice(2) ?? "",
      command.getOptionValue(option.attributeName()) as string | undefined,
    ]),
  );
}

function collect(name: string, names: string[] = []): string[] {
  return [...names, name];
}

function repeats(times: string | true | undefined): number | boolean {
  if (times === undefined || times === true) return times === true;
  return count("--repeat-until-fail", times);
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`${option} ${text} is not accepted: write a whole number above 0`);
}
