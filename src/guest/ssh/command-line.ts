import { checkCommand, quote } from "../command.ts";
import type { ExecOptions } from "../exec.ts";

/** The first line on stderr, before the program's own: who is to be killed. */
export const startedLine = /^petri-started (\d+)$/;
/** The first line on stderr where the folder to start in is not there. */
export const noFolderLine = "petri-no-folder";

/** dropbear starts what it runs in its own process group. */
const inOwnGroup =
  'if kill -0 "-$$" 2>/dev/null || ! command -v setsid >/dev/null; then eval "$1"; else exec setsid sh -c \'eval "$1"\' sh "$@"; fi';

/**
 * What sshd is to have the user's shell run: a script of sh(1), or a program with its arguments. It says its process
 * id first, and then is the program: a signal that ends it is told as one. A server that starts it in a process group
 * that is not its own is helped by setsid(1), so that it can be killed with all it started.
 *
 * @throws UsageError for what no program can be given
 */
export function commandLine(
  command: string | readonly string[],
  { env = {}, cwd }: Pick<ExecOptions, "env" | "cwd"> = {},
): string {
  checkCommand(command, { env, cwd });
  const argv = typeof command === "string" ? ["sh", "-c", command] : command;
  const lines = [
    "shift",
    ...(cwd === undefined ? [] : [`cd ${quote(pathOf(cwd))} 2>/dev/null || { echo ${noFolderLine} >&2; exit 1; }`]),
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
    'echo "petri-started $$" >&2',
    'exec "$@"',
  ];
  return `exec sh -c ${quote(inOwnGroup)} sh ${quote(lines.join("\n"))} ${argv.map(quote).join(" ")}`;
}

/** cd(1) takes `-` for the folder before, and a leading `-` for an option. */
const pathOf = (folder: string) => (folder.startsWith("-") ? `./${folder}` : folder);

/** Sends a signal to a program that was started so, and to all in its process group. */
export function killLine(pid: number, signal: string): string {
  const name = signal.replace(/^SIG/, "");
  return `kill -${name} -${pid} 2>/dev/null || kill -${name} ${pid}`;
}
