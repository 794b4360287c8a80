import { constants } from "node:os";
import { dirname, join } from "node:path";
import { localHost } from "../../host/local.ts";
import { resolveImage } from "../../image/resolve.ts";
import { HostError, UsageError } from "../../machine/errors.ts";
import { namedPrograms } from "../../machine/settings.ts";
import { readDuration, readSize } from "../../machine/size.ts";
import { detectAll } from "../../vm/detection.ts";
import { Progress } from "../boot/progress.ts";
import { sayProgress } from "../boot/say-progress.ts";
import { openTraceFolder } from "../boot/trace-folder.ts";
import { loadSettings } from "../config-file.ts";
import type { LabFlags } from "../lab.ts";
import type { CommandEnd } from "./ended.ts";
import { Exchange } from "./exchange.ts";
import { checkWorkingFolder, labMachine, labPlacement, requireLabHost } from "./lab-machine.ts";
import { labEnvironment, rawWords } from "./own-bytes.ts";
import { runLab } from "./run-lab.ts";

/** Boots a lab, runs the command in it, and resolves to the command's exit code. */
export async function lab(words: readonly string[], flags: LabFlags, signal: AbortSignal): Promise<number> {
  requireLabHost();
  const { size, timeoutMs } = readFlags(flags);
  const folder = process.cwd();
  checkWorkingFolder(folder);
  // dash's exec has no --, bash's takes options.
  if (words[0]?.startsWith("-"))
    throw new UsageError(`the command ${words[0]} would be an option: write ./${words[0]}`);
  const command = { argv: rawWords(words), env: labEnvironment(flags.env), folder };
  const settings = await loadSettings({});
  const progress = new Progress({ quiet: flags.quiet === true });
  const undo: (() => void)[] = [() => progress.clear()];
  try {
    progress.show("looking at what qemu can do here");
    const overrides = namedPrograms(settings);
    const detections = await detectAll(localHost, { overrides, only: ["qemu"], signal });
    const image = await resolveImage("lab", "kernel", {
      signal,
      onProgress: (what) => progress.show(sayProgress(what)),
    });
    const trace = openTraceFolder(undefined, "lab", "lab", settings);
    let failed = true;
    undo.push(() => void trace.close(failed));
    const exchange = new Exchange(join(dirname(trace.dir), "exchange"), command, () => progress.clear());
    undo.push(() => exchange.close());
    const placement = labPlacement(detections[0]);
    const machine = labMachine(size, { exchange: exchange.folder, working: folder }, placement.accelerator);
    progress.show(`the lab boots under ${placement.accelerator}`);
    const boot = { machine, image, placement, detections, traceDir: trace.dir, signal };
    const onStart = () => progress.show("the command runs in the lab");
    const end = await runLab({ boot, exchange, timeoutMs, signal, onStart });
    failed = false;
    return exitCodeOf(end);
  } finally {
    for (const step of undo.reverse()) step();
  }
}

function exitCodeOf({ exitCode, signal, lost }: CommandEnd): number {
  if (lost.length > 0) {
    throw new HostError(
      `not all of the command's ${lost.join(" and ")} could be kept: is the disk of the results full?\n  the command itself ended with ${exitCode}`,
    );
  }
  if (signal !== undefined) {
    const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
    process.stderr.write(`petri: the command was killed by ${name}\n`);
  }
  return exitCode;
}

function readFlags({ memory, processors, timeout }: LabFlags) {
  const problems: string[] = [];
  const bytes = readSize(memory);
  if (bytes === undefined || bytes < 512 * 2 ** 20) {
    problems.push(`--memory ${memory} is not accepted: write a size from 512M, such as 2G`);
  }
  const count = Number(processors);
  if (!/^[1-9]\d{0,2}$/.test(processors) || count > 255) {
    problems.push(`--processors ${processors} is not accepted: write a whole number from 1 to 255`);
  }
  const timeoutMs = timeout === undefined ? undefined : readDuration(timeout);
  if (timeout !== undefined && (timeoutMs === undefined || timeoutMs === 0)) {
    problems.push(`--timeout ${timeout} is not accepted: write a time such as 90s or 10m`);
  }
  if (problems.length > 0) throw UsageError.of(problems);
  return { size: { memory, processors: count }, timeoutMs };
}
