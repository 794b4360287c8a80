import { listenForSignals } from "./interruption.ts";
import { flushed } from "./output.ts";
import { printError } from "./print-error.ts";
import { runProgram } from "./program.ts";

/** Runs the command line and resolves to the exit code, when all that was printed has left. Never rejects. */
export async function run(argv: readonly string[], exitNow: (code: number) => void): Promise<number> {
  const die = (error: unknown) => exitNow(printError(error));
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  for (const stream of [process.stdout, process.stderr]) {
    // `petri doctor | head -1` has its answer: what is left has no reader. A running VM has its own listener, to end
    // in order.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (stream.listenerCount("error") === 1) exitNow(0);
    });
  }
  const code = await runProgram(argv, listenForSignals(exitNow)).catch((error: unknown) => printError(error));
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  return code;
}
