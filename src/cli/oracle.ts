import { constants, createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { Command } from "commander";
import { HostError, UsageError } from "../machine/errors.ts";
import type { Finding } from "../oracle/rule.ts";
import { toJsonLine } from "./json-line.ts";
import type { RunAction } from "./program.ts";

const examples = `
Reads saved console logs of any size and tells what crashed in them: kernel oopses, panics, sanitizer reports, hangs,
firmware exceptions, boot loaders and emergency shells. Exits with 0 when nothing was found, 1 when something was.

Examples:
  $ petri oracle console.log
  $ petri oracle --json petri-results/*/*/com1.log
  $ petri oracle --vmlinux build/vmlinux console.log
`;

/** So many findings say enough about one log. */
const mostFindings = 100;
const readAhead = 1024 * 1024;

export function define(run: RunAction): Command {
  return new Command("oracle")
    .argument("<FILES...>", "console logs")
    .option("--json", "one JSON object a file, with the whole reports")
    .option("--vmlinux <FILE>", "the kernel's ELF file with symbols: reports then tell source lines")
    .addHelpText("after", examples)
    .action(run(async (signal, files: string[], flags: OracleFlags) => await readLogs(files, flags, signal)));
}

interface OracleFlags {
  readonly json?: boolean;
  readonly vmlinux?: string;
}

async function readLogs(
  files: readonly string[],
  { json = false, vmlinux }: OracleFlags,
  signal: AbortSignal,
): Promise<number> {
  await checkReadable(vmlinux);
  let found = false;
  for (const file of files) {
    const findings = await withSources(await findingsOf(file, signal), vmlinux);
    found ||= findings.length > 0;
    process.stdout.write(json ? toJsonLine({ file, findings: findings.map(toJson) }) : await forPeople(file, findings));
  }
  return found ? 1 : 0;
}

async function checkReadable(vmlinux: string | undefined): Promise<void> {
  if (vmlinux === undefined) return;
  await access(vmlinux, constants.R_OK).catch((cause: unknown) => {
    throw new UsageError(`--vmlinux ${vmlinux} cannot be read`, { cause });
  });
}

/** The reports with source lines; why they have none is told once. */
async function withSources(findings: readonly Finding[], vmlinux: string | undefined): Promise<Finding[]> {
  if (vmlinux === undefined) return [...findings];
  const { symbolise } = await import("../host/sources.ts");
  const notes = new Set<string>();
  const told = findings.map((finding) => {
    const { report, note } = symbolise(finding.report, vmlinux);
    if (note !== undefined) notes.add(note);
    return { ...finding, report };
  });
  for (const note of notes) process.stderr.write(`petri: ${note}\n`);
  return told;
}

/** What scripts may rely on. */
function toJson({ title, type, os, offset, report, corrupted }: Finding) {
  return { title, type, os, offset, report, corrupted };
}

async function findingsOf(file: string, signal: AbortSignal): Promise<Finding[]> {
  const { Oracle } = await import("../oracle/oracle.ts");
  const oracle = new Oracle();
  const findings: Finding[] = [];
  const keep = (found: Iterable<Finding>): void => {
    for (const finding of found) if (findings.length < mostFindings) findings.push(finding);
  };
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: readAhead, signal })) {
      // A stream without an encoding gives Buffers.
      keep(oracle.push(chunk as Buffer));
      if (findings.length >= mostFindings) break;
    }
  } catch (error) {
    throw asPetriError(error, file);
  }
  keep(oracle.end());
  // Reports of several CPUs end in another order than they began.
  return findings.sort((a, b) => a.offset - b.offset);
}

function asPetriError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  if (error.code === "ENOENT" || error.code === "EISDIR" || error.code === "ENOTDIR") {
    return new UsageError(`${file} is not a file that can be read: ${error.code}`, { cause: error });
  }
  if (error.code === "ABORT_ERR") return error;
  return new HostError(`cannot read ${file}: ${error.message}`, { cause: error });
}

async function forPeople(file: string, findings: readonly Finding[]): Promise<string> {
  const { printable } = await import("../power/printable.ts");
  if (findings.length === 0) return `${printable(file)}: nothing found\n`;
  const lines = findings.flatMap(({ title, type, os, offset, report, corrupted }) => [
    `  ${printable(title)}`,
    `    ${printable(os)}, ${printable(type)}, byte ${offset}${corrupted ? ", the report is incomplete" : ""}`,
    ...report.split("\n", 12).map((line) => `    | ${printable(line)}`),
  ]);
  return `${[`${printable(file)}: ${findings.length === 1 ? "1 finding" : `${findings.length} findings`}`, ...lines].join("\n")}\n`;
}
