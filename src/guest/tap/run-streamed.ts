import { StringDecoder } from "node:string_decoder";
import { TimeoutError } from "../../machine/errors.ts";
import { longestTimerMs, showDuration } from "../../power/wait.ts";
import type { GuestChannel } from "../channel.ts";
import { titleOf } from "../command.ts";
import type { ExecEnd, ExecOptions } from "../exec.ts";

/** How a program ended whose stdout was read while it ran. */
export interface StreamedEnd extends ExecEnd {
  /** The end of what it said there. */
  readonly stderr: string;
}

const keptStderr = 4096;

/**
 * Runs a program and hands over its stdout as it comes; where the channel has no streams, when it has ended. `take`
 * says whether it wants more: if not, the program is killed.
 * @throws TimeoutError when its time is over; it was killed then
 */
export async function runStreamed(
  channel: GuestChannel,
  command: string | readonly string[],
  timeoutMs: number,
  { input, timeout: _timeout, ...options }: ExecOptions,
  take: (text: string) => boolean,
): Promise<StreamedEnd> {
  if (!channel.spawn) {
    const result = await channel.exec(command, timeoutMs, { ...options, ...(input !== undefined && { input }) });
    take(result.stdout.toString("utf8"));
    return { exitCode: result.exitCode, signal: result.signal, stderr: result.stderr.toString("utf8") };
  }
  const process = await channel.spawn(command, options);
  const kill = () => process.kill("SIGKILL");
  let isLate = false;
  const timer =
    timeoutMs > longestTimerMs
      ? undefined
      : setTimeout(() => {
          isLate = true;
          kill().catch(() => {});
        }, timeoutMs);
  // A program that does not read what it is given ends as it ends.
  process.stdin.on("error", () => {}).end(input ?? "");
  const said = tailOf(process.stderr);
  try {
    const decoder = new StringDecoder("utf8");
    for await (const bytes of process.stdout) {
      if (take(decoder.write(bytes as Buffer))) continue;
      await kill();
      break;
    }
    take(decoder.end());
    const end = await process.wait();
    if (isLate) {
      throw new TimeoutError(
        `${titleOf(command)} did not end within ${showDuration(timeoutMs)}\n  it was killed in the guest`,
      );
    }
    return { ...end, stderr: await said };
  } finally {
    clearTimeout(timer);
  }
}

async function tailOf(stream: AsyncIterable<unknown>): Promise<string> {
  let tail = Buffer.alloc(0);
  try {
    for await (const bytes of stream) tail = Buffer.concat([tail, bytes as Buffer]).subarray(-keptStderr);
  } catch {
    // Whoever waits for the program is told.
  }
  return tail.toString("utf8");
}
