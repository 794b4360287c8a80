import { HostError, UsageError } from "../machine/errors.ts";
import { printable } from "../power/printable.ts";
import type { ExecOptions } from "./exec.ts";

/** Any text as one word of a shell. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command as it is shown: as one would type it. */
export function titleOf(command: string | readonly string[]): string {
  return typeof command === "string" ? command : command.map(quote).join(" ");
}

/** Throws UsageError for what no program can be given. */
export function checkCommand(
  command: string | readonly string[],
  { env = {}, cwd }: { readonly env?: ExecOptions["env"] | undefined; readonly cwd?: string | undefined },
): void {
  const words = typeof command === "string" ? [command] : command;
  const texts = [...words, ...Object.values(env), ...(cwd === undefined ? [] : [cwd])];
  const problems = [
    ...(words.length === 0 || words[0] === "" ? ["a command has at least a program's name"] : []),
    ...texts.filter((text) => text.includes("\0")).map((text) => `${JSON.stringify(text)} has a NUL, which ends words`),
    ...Object.keys(env)
      .filter((name) => !/^[A-Za-z_]\w*$/.test(name))
      .map((name) => `env: ${JSON.stringify(name)} is no variable's name`),
  ];
  if (problems.length > 0) throw UsageError.of(problems, "this command cannot be run");
}

export function noFolder(title: string, cwd: string | undefined): HostError {
  return new HostError(`${title} was not started: the guest has no folder ${printable(cwd ?? ".")}`);
}

/** What a command that was killed had printed, as far as it is known. */
export interface SaidSoFar {
  readonly bytes: Buffer | undefined;
  readonly length: number;
}

export function killedNote(stdout: SaidSoFar, stderr: SaidSoFar): string {
  const said = [
    ["stdout", stdout],
    ["stderr", stderr],
  ] as const;
  const lines = said.map(([name, { bytes, length }]) =>
    bytes?.length ? `${name} so far: ${printable(bytes.toString("utf8").slice(-150))}` : `${length} bytes on ${name}`,
  );
  return `it was killed in the guest; ${lines.join(", ")}`;
}

/** Between asking a command to end and ending it. */
export const termMs = 2_000;
export const unkillable = "it could not be killed: the guest answers no more";
