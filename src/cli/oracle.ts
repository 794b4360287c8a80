import { createReadStream } from "node:fs";
import { Command } from "commander";
import { HostError, UsageError } from "../machine/errors.ts";
import type { Finding } from "../oracle/rule.ts";
import type { RunAction } from "./program.ts";

const examples = `
Reads saved console logs of any size and tells what crashed in them: kernel oopses, panics, sanitizer reports, hangs,
firmware exceptions, boot loaders and emergency shells. Exits with 0 when nothing was found, 1 when something was.

Examples:
  $ petri oracle console.log
  $ petri oracle --json petri-results/*/*/com1.log
`;

/** So many findings say enough about one log. */
const mostFindings = 100;
const readAhead = 1024 * 1024;

export function define(run: RunAction): Command {
  return new Command("oracle")
    .argument("<FILES...>", "console logs")
    .option("--json", "one JSON object a file, with the whole reports")
    .addHelpText("after", examples)
    .action(
      run(async (signal, files: string[], { json }: OracleFlags) => await readLogs(files, json === true, signal)),
    );
}

interface OracleFlags {
  readonly json?: boolean;
}

async function readLogs(files: readonly string[], json: boolean, signal: AbortSignal): Promise<number> {
  let found = false;
  for (const file of files) {
    const findings = await findingsOf(file, signal);
    found ||= findings.length > 0;
    process.stdout.write(
      json ? `${JSON.stringify({ file, findings: findings.map(toJson) })}\n` : await forPeople(file, findings),
    );
  }
  return found ? 1 : 0;
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
    `  ${title}`,
    `    ${os}, ${type}, byte ${offset}${corrupted ? ", the report is incomplete" : ""}`,
    ...report.split("\n", 12).map((line) => `    | ${printable(line)}`),
  ]);
  return `${[`${printable(file)}: ${findings.length === 1 ? "1 finding" : `${findings.length} findings`}`, ...lines].join("\n")}\n`;
}
