import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonReport } from "../../../report/json.ts";
import type { TestFlags } from "../../run-tests.ts";

const samples = join(import.meta.dirname, "..");
const packages = join(samples, "../../../node_modules");

export interface SampleRun {
  readonly exitCode: number | null;
  readonly output: string;
  /** The results folder of the run; everything in it is gone after `dispose`. */
  readonly dir: string;
  readonly report: JsonReport;
  read(name: string): string;
}

export interface SampleOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called as output comes; the process is there to be signalled, and its results folder tells its processes apart. */
  readonly onOutput?: (output: string, child: ChildProcess, results: string) => void;
}

// Shared by the runs of one file, and by nobody else: the first one detects what is here now.
const cache = mkdtempSync(join(tmpdir(), "petri-cache-"));
const folders = [cache];

/** Runs sample files by plain vitest, with the configuration beside them. */
export function vitestSample(files: readonly string[], options: SampleOptions = {}): Promise<SampleRun> {
  return run([join(packages, "vitest/vitest.mjs"), "run", ...files], options);
}

/** Runs sample files as `petri test` does. */
export function petriSample(flags: TestFlags, options: SampleOptions = {}): Promise<SampleRun> {
  const tsx = `file://${join(packages, "tsx/dist/loader.mjs")}`;
  return run(["--import", tsx, join(samples, "support/petri-test.ts"), JSON.stringify(flags)], options);
}

/** Removes the results of every run of this file. */
export function removeResults(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

async function run(args: readonly string[], { env, onOutput }: SampleOptions): Promise<SampleRun> {
  const results = mkdtempSync(join(tmpdir(), "petri-sample-"));
  folders.push(results);
  // What the outer vitest says to its workers is not meant for the inner one.
  const outer = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|PETRI|GITHUB_|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  const child = spawn(process.execPath, [...args], {
    cwd: samples,
    env: {
      ...Object.fromEntries(outer),
      PETRI_RESULTS: results,
      PETRI_CACHE: cache,
      PETRI_ACCELERATOR: "tcg,jit",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onOutput?.(output, child, results);
    });
  }
  const exitCode = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const dir = join(results, readdirSync(results)[0] ?? "");
  const read = (name: string) => readFileSync(join(dir, name), "utf8");
  // Our own report, as renderJson writes it.
  return {
    exitCode,
    output,
    dir,
    read,
    get report() {
      return JSON.parse(read("results.json")) as JsonReport;
    },
  };
}

/** `name → outcome` of a cell, by the words of its name. */
export function outcomes({ report }: SampleRun): Record<string, string> {
  return Object.fromEntries(report.tests.map((test) => [test.name.replace(" petri-guest]", "]"), test.outcome]));
}

/** The messages of one test's failures, and the line of its file they point at. */
export function failuresOf({ report }: SampleRun, name: string): { message: string; place: string }[] {
  const test = report.tests.find((each) => each.name.startsWith(name));
  return (test?.failures ?? []).map(({ message, file, line }) => ({ message, place: `${file}:${line}` }));
}
