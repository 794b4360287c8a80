import { parseArgv } from "./argv.ts";
import { connectAll } from "./connect.ts";
import { loadV86 } from "./emulator.ts";
import { exits } from "./exits.ts";
import { readMachine } from "./machine-files.ts";
import { Session } from "./session.ts";
import { usage } from "./usage.ts";

/** The whole program: connects to the harness, then obeys it until `quit`, SIGTERM, or the end of the control channel. */
export async function run(argv: readonly string[]): Promise<void> {
  let session: Session | undefined;
  const quit = () => {
    if (!session) process.exit(0);
    session.quit();
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, quit);

  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(usage);
    return;
  }
  const parsed = parseArgv(argv);
  if ("problems" in parsed) return fail(parsed.problems, exits.usage);
  loadV86().catch(() => {}); // starts it early; whoever needs it sees the error

  const [sockets, machine] = await Promise.allSettled([connectAll(parsed.options), readMachine(parsed.options)]);
  if (machine.status === "rejected") return fail(problemsOf(machine.reason), exits.noInput);
  if (sockets.status === "rejected") return fail(problemsOf(sockets.reason), exits.host);

  session = new Session(sockets.value, machine.value);
  await session.serve();
  // Nobody is left to see what the guest does.
  process.exit(exits.harnessGone);
}

function problemsOf(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(problemsOf);
  return [error instanceof Error ? error.message : String(error)];
}

function fail(problems: readonly string[], code: number): never {
  process.stderr.write(problems.map((problem) => `petri-v86: ${problem}\n`).join(""));
  process.exit(code);
}
