import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { commandLine } from "../../host/run.ts";
import { placementFile, type Verdict } from "../../trace/writer.ts";
import { commandName } from "../command-name.ts";
import { toPlainText } from "../plain-text.ts";
import { bold } from "../style.ts";
import { endingByError } from "./ending.ts";
import { JsonEvents } from "./json-events.ts";

/** Says how it ended: nothing on success; else why, where the record is, and what to type next. */
export function report(ending: Verdict, where: { traceDir: string | undefined; json: JsonEvents | undefined }): void {
  const { exitCode, reason } = ending;
  const { traceDir, json } = where;
  if (exitCode !== 0) {
    const [first = "", ...rest] = toPlainText(reason).split("\n");
    const title = `petri: ${first}`;
    const lines = [bold.isOn(process.stderr) ? bold(title) : title, ...rest.filter((line) => !/^trace: /.test(line))];
    if (traceDir !== undefined) {
      const short = nearer(traceDir);
      lines.push(`trace: ${short}`);
      // A disk that was full may have kept less than a machine.
      if (existsSync(join(traceDir, placementFile))) {
        lines.push(`again: ${commandName()} ${commandLine("repro", [short])}`);
      }
    }
    process.stderr.write(`${lines.join("\n")}\n`);
  }
  void json?.write({
    event: "end",
    class: ending.class,
    exitCode,
    reason: reason.split("\n")[0] ?? "",
    ...(traceDir === undefined ? {} : { trace: traceDir }),
  });
}

/** Reports what goes wrong before there is a machine: with `--json` that too ends with its record. */
export async function reporting(isJson: boolean, body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    const ending = endingByError(error);
    if (!ending) throw error;
    report(ending, { traceDir: undefined, json: isJson ? new JsonEvents() : undefined });
    return ending.exitCode;
  }
}

/** The path as one would type it from here. */
function nearer(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") || short === "" ? path : short;
}
