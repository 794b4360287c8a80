import { Command, CommanderError } from "commander";
import { UsageError } from "../machine/errors.ts";
import { version } from "./version.ts";

/** What a command's module exports: the command with its options, whose action resolves to the exit code. */
export type DefineCommand = (run: RunAction, argv: readonly string[]) => Command;
/** Wraps an action so that its exit code reaches `runProgram`. */
export type RunAction = <A extends unknown[]>(
  action: (signal: AbortSignal, ...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ define: DefineCommand }>;
}

const commands: Readonly<Record<string, Entry>> = {
  boot: { summary: "boot one machine from the shell", load: () => import("./boot.ts") },
  test: { summary: "run VM tests with vitest", load: () => import("./test.ts") },
  attach: { summary: "look at the VM of a test that --pause keeps", load: () => import("./attach.ts") },
  doctor: { summary: "what this host can run, proven by running it", load: () => import("./doctor.ts") },
  matrix: { summary: "which VMM boots what here, and why not", load: () => import("./matrix.ts") },
  images: { summary: "list, build and remove guest images", load: () => import("./images.ts") },
  lab: { summary: "run a command where KVM and vsock work", load: () => import("./lab.ts") },
  repro: { summary: "boot the machine of a trace again", load: () => import("./repro.ts") },
  replay: { summary: "ask a run's expectations again, of its record", load: () => import("./replay.ts") },
  import: { summary: "read a VMM's command line as a machine", load: () => import("./import.ts") },
  command: { summary: "the native commands of a machine, to paste", load: () => import("./command.ts") },
  diff: { summary: "how two machines differ", load: () => import("./diff.ts") },
  console: { summary: "play a console of a trace back", load: () => import("./console.ts") },
  oracle: { summary: "what crashed, in saved console logs", load: () => import("./oracle.ts") },
  clean: { summary: "remove old results", load: () => import("./clean.ts") },
  init: { summary: "write config, example tests and CI file", load: () => import("./init.ts") },
};

const examples = `
Examples:
  $ petri doctor                                   what runs here, and how to fix the rest
  $ petri boot --image petri-guest                 a VM in your terminal; Ctrl-] then q leaves
  $ petri boot --uefi --disk file:debian.raw --expect "login:" --timeout 120s
  $ petri test --vmm v86                           the tests, on one VMM
`;

/** Parses and runs a command line; resolves to the exit code. Throws UsageError for one that cannot be read. */
export async function runProgram(argv: readonly string[], signal: AbortSignal): Promise<number> {
  let exitCode = 0;
  const program = new Command("petri")
    .description("Boots whole virtual machines on any VMM, drives the guest, and asserts what it did.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", examples);
  for (const [name, entry] of Object.entries(commands)) {
    // Only the command that runs is loaded; the others are here for the help and for suggestions.
    const wanted = argv[0] === name || (argv[0] === "help" && argv[1] === name);
    const command = wanted ? (await entry.load()).define(runAction, argv) : new Command(name);
    program.addCommand(command.description(entry.summary));
  }
  forEachCommand(program, (command) => command.exitOverride().configureOutput({ outputError: () => {} }));
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    throw new UsageError(
      `${error.message.replace(/^error: /, "").replace(/\n\(Did you mean (.*)\?\)$/, " (did you mean $1?)")}\n  \`petri${commands[argv[0] ?? ""] ? ` ${argv[0]}` : ""} --help\` lists what there is`,
    );
  }

  function runAction<A extends unknown[]>(action: (signal: AbortSignal, ...args: A) => Promise<number>) {
    return async (...args: A): Promise<void> => {
      exitCode = await action(signal, ...args);
    };
  }
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}
