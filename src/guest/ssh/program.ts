import { once } from "node:events";
import type { Readable } from "node:stream";
import type { ClientChannel } from "ssh2";
import { HostError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import { noFolder } from "../command.ts";
import type { ExecEnd } from "../exec.ts";
import { noFolderLine, startedLine } from "./command-line.ts";

/** A program that runs in the guest, on a channel of its own. */
export interface SshProgram {
  readonly stream: ClientChannel;
  /** Its process id in the guest, which is its process group's too. */
  readonly pid: number;
  /** Resolves when it has ended. A connection that is lost may leave it open: what was printed is read first. */
  readonly ended: Promise<ExecEnd>;
}

/**
 * Reads what a command line of ours says first on stderr, and leaves the program's own there.
 * @throws HostError if it was not started
 */
export async function startedProgram(
  { stream, ended }: Pick<SshProgram, "stream" | "ended">,
  title: string,
  cwd?: string,
): Promise<SshProgram> {
  const line = await firstLine(stream.stderr);
  const pid = startedLine.exec(line)?.[1];
  if (pid !== undefined) return { stream, pid: Number(pid), ended };
  stream.close();
  if (line === noFolderLine) {
    throw noFolder(title, cwd);
  }
  await ended;
  throw new HostError(
    `${title} was not started: ${printable(line) || "the guest has no sh(1), or its login no shell"}`,
  );
}

/** The connection ended, or the channel, and nobody told of the program's end. */
export function lostWhile(title: string): HostError {
  return new HostError(`the channel ssh was closed while ${title} ran in the guest: nobody knows how it ended`);
}

/** How the program of a session ends. */
export function endOf(stream: ClientChannel, title: string): Promise<ExecEnd> {
  return new Promise((resolve, reject) => {
    stream.on("exit", (code: number | null, signal?: string) => {
      if (code !== null) resolve({ exitCode: code, signal: null });
      // RFC 4254 §6.10: names that it does not have carry the domain of who made them.
      else resolve({ exitCode: null, signal: /^SIG[A-Z0-9]+$/.test(signal ?? "") ? (signal ?? "") : "unknown" });
    });
    stream.on("error", () => {});
    stream.on("close", () => reject(lostWhile(title)));
  });
}

/** Up to the line's end, or the stream's; what comes behind it stays in the stream. */
async function firstLine(stream: Readable): Promise<string> {
  const parts: Buffer[] = [];
  while (true) {
    const part: Buffer | null = stream.read();
    if (part === null) {
      if (stream.readableEnded || stream.destroyed) break;
      await Promise.race([once(stream, "readable"), once(stream, "end"), once(stream, "close")]);
      continue;
    }
    const end = part.indexOf("\n");
    parts.push(end < 0 ? part : part.subarray(0, end));
    if (end < 0) continue;
    if (end + 1 < part.length) stream.unshift(part.subarray(end + 1));
    break;
  }
  return Buffer.concat(parts).toString("utf8");
}
