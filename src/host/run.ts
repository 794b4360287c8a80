import { HostError } from "../machine/errors.ts";

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: Buffer | string;
  signal?: AbortSignal;
  timeoutMs?: number;
}

let isKept = false;

// Node ignores SIGXFSZ, so that a file that has grown too large is an error of its write. execa takes handlers for many
// signals while a command runs, and leaves them at their default: from then on the same write would end this process.
function keepIgnoring(): void {
  if (!isKept) process.on("SIGXFSZ", () => {});
  isKept = true;
}

/**
 * Runs a short-lived tool to its end. Rejects with a HostError that holds the command line and the last lines of
 * its stderr when the tool is missing, fails or runs out of time.
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ stdout: Buffer; stderr: string }> {
  keepIgnoring();
  const { execa } = await import("execa");
  const result = await execa(file, [...args], {
    reject: false,
    encoding: "buffer",
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: "SIGKILL" as const }),
  });
  const stderr = Buffer.from(result.stderr ?? []).toString();
  if (result.isCanceled) throw options.signal?.reason ?? new HostError(`${file} was cancelled`);
  if (!result.failed) return { stdout: Buffer.from(result.stdout ?? []), stderr };
  const how =
    result.code === "ENOENT"
      ? "is not installed or not on PATH"
      : result.timedOut
        ? `did not end within ${options.timeoutMs} ms`
        : result.signal
          ? `was killed by ${result.signal}`
          : result.exitCode === undefined
            ? `could not be started (${result.code ?? "unknown error"})`
            : `ended with status ${result.exitCode}`;
  const tail = stderr.trimEnd().split("\n").slice(-8).join("\n");
  throw new HostError(`${file} ${how}\n  command: ${commandLine(file, args)}${tail ? `\n  stderr: ${tail}` : ""}`, {
    cause: result,
  });
}

/** The command as a POSIX shell would need it: for messages and for copying. */
export function commandLine(file: string, args: readonly string[]): string {
  return [file, ...args].map(shellQuote).join(" ");
}

function shellQuote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
