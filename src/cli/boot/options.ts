import type { Command } from "commander";
import { UsageError } from "../../machine/errors.ts";
import { type GivenOption, optionFlags, splitArgv } from "../../machine/options.ts";
import { durationForm, readDuration } from "../../machine/size.ts";
import { type OracleMode, oracleModes, readOracleMode } from "./oracle-mode.ts";
import { parseExpect, parseFailOn, parseSend, type Step, type Watch } from "./script.ts";

/** How one VM is run and judged: Petri's own options, the same for `boot` and `repro`. */
export interface RunFlags {
  /** `--expect` and `--send`, in the order given. */
  readonly steps: readonly Step[];
  readonly failOn: readonly Watch[];
  readonly timeoutMs?: number;
  /** How long the guest may make no progress; the setting's if absent. */
  readonly progressWithinMs?: number;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly trace?: string;
  /** `fail` if absent, or `report` where a person is at the terminal. */
  readonly oracle?: OracleMode;
  /** The guest kernel's ELF file with symbols. */
  readonly vmlinux?: string;
  readonly pidfile?: string;
  readonly paused: boolean;
}

const group = "Run and judge:";

export interface RunFlagReader {
  /** Known even where another option is wrong. */
  isJson(): boolean;
  /** Adds what is wrong with them to `problems`; the flags count only if nothing is. */
  read(problems: string[]): RunFlags;
}

/** Adds Petri's own options, to be read once the command line was parsed. */
export function addRunOptions(command: Command): RunFlagReader {
  const steps: [read: (text: string) => Step, text: string][] = [];
  command
    .optionsGroup(group)
    .option("--expect <PATTERN>", "wait for a text or /regex/flags on com1, or on com2 with com2:PATTERN (repeats)")
    .option("--send <TEXT>", "then type this; \\n \\r \\t \\e \\xNN \\\\ are escapes; com2:TEXT (repeats)")
    .option("--fail-on <PATTERN>", "end at once, with 1, when this is printed (repeats)", collect)
    .option("--oracle <MODE>", `what a crash or warning on a console does: ${oracleModes.join(", ")} (fail, with 3)`)
    .option("--vmlinux <FILE>", "the kernel's ELF file with symbols: its crash reports tell source lines")
    .option("--timeout <TIME>", "for all of them together, such as 90s or 5m (120s when there is an --expect)")
    .option("--progress-within <TIME>", "end with 124 when the guest makes no progress for so long, such as 30s")
    .option("--json", "one event a line on stdout; the last one tells how it ended")
    .option("--trace <DIR>", "keep the record of this VM in DIR")
    .option("--quiet", "do not show the console");
  command.on("option:expect", (text: string) => steps.push([parseExpect, text]));
  command.on("option:send", (text: string) => steps.push([parseSend, text]));
  const isJson = () => command.opts<{ json?: boolean }>().json === true;
  const read = (problems: string[]): RunFlags => {
    const each = <T>(texts: readonly string[], one: (text: string) => T) =>
      texts.flatMap((text) => attempt(() => one(text), problems));
    const options = command.opts<{
      failOn?: string[];
      oracle?: string;
      vmlinux?: string;
      timeout?: string;
      progressWithin?: string;
      quiet?: boolean;
      trace?: string;
    }>();
    const [timeoutMs] = each(options.timeout === undefined ? [] : [options.timeout], readTime("--timeout"));
    const { progressWithin } = options;
    const [progressWithinMs] = each(
      progressWithin === undefined ? [] : [progressWithin],
      readTime("--progress-within"),
    );
    const [oracle] = each(options.oracle === undefined ? [] : [options.oracle], readOracleMode);
    return {
      steps: steps.flatMap(([parse, text]) => each([text], parse)),
      failOn: each(options.failOn ?? [], parseFailOn),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(progressWithinMs === undefined ? {} : { progressWithinMs }),
      json: isJson(),
      quiet: options.quiet === true,
      ...(options.trace === undefined ? {} : { trace: options.trace }),
      ...(options.vmlinux === undefined ? {} : { vmlinux: options.vmlinux }),
      ...(oracle === undefined ? {} : { oracle }),
      paused: false,
    };
  };
  return { isJson, read };
}

/** What a recording can be judged by. */
export interface ExpectFlags extends Pick<RunFlags, "steps" | "failOn" | "timeoutMs"> {
  /** In the order given, as \`boot\` has them; none is sent. */
  readonly steps: readonly Extract<Step, { kind: "expect" }>[];
}

/** Adds those of Petri's own options that judge a run which is over. */
export function addExpectOptions(command: Command): { isJson(): boolean; read(): ExpectFlags } {
  command
    .option("--json", "one event a line on stdout; the last one tells how it ended")
    .optionsGroup("Judge the recording by these instead:")
    .option("--expect <PATTERN>", "a text or /regex/flags on com1, or on com2 with com2:PATTERN (repeats)", collect)
    .option("--fail-on <PATTERN>", "end with 1 when this is printed (repeats)", collect)
    .option("--timeout <TIME>", "of recorded time from the guest's start, such as 90s or 5m");
  const isJson = () => command.opts<{ json?: boolean }>().json === true;
  const read = (): ExpectFlags => {
    const given = command.opts<{ expect?: string[]; failOn?: string[]; timeout?: string }>();
    return {
      steps: (given.expect ?? []).map(parseExpect),
      failOn: (given.failOn ?? []).map(parseFailOn),
      ...(given.timeout === undefined ? {} : { timeoutMs: readTime("--timeout")(given.timeout) }),
    };
  };
  return { isJson, read };
}

/** Adds every option of a machine; the function returned gives them in the order they were written. */
export function addMachineOptions(command: Command): () => GivenOption[] {
  const given: GivenOption[] = [];
  for (const { name, flags, help, group: heading, isHidden } of optionFlags()) {
    const option = command.createOption(flags, help).helpGroup(`${heading}:`).hideHelp(isHidden);
    // Read here, not by name: `--no-vmbus` is a word of its own, not the negation of `--vmbus`.
    command.addOption(option);
    command.on(`option:${option.name()}`, (value?: string | null) => {
      given.push(typeof value === "string" ? [name, value] : [name]);
    });
  }
  // What commander does not know is refused together with all other mistakes.
  command.allowUnknownOption().allowExcessArguments();
  return () => [...given, ...splitArgv(command.args)];
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function attempt<T>(read: () => T, problems: string[]): T[] {
  try {
    return [read()];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(error.message);
    return [];
  }
}

const readTime =
  (option: string) =>
  (text: string): number => {
    const ms = readDuration(text);
    if (ms === undefined || ms === 0) throw new UsageError(`${option} ${text} is not accepted: write ${durationForm}`);
    return ms;
  };
