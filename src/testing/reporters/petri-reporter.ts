import type { SerializedError, TestCase, TestModule, TestRunEndReason, Vitest } from "vitest/node";
import { neutralise, printable } from "../../report/escape.ts";
import type { Failure, RunResult, TestResult } from "../../report/model.ts";
import { renderTerminal, type TerminalOptions, terminalLine } from "../../report/terminal.ts";
import { leaveVerdict } from "../run-options.ts";
import type { RunSession } from "../run-session.ts";
import { openingLines } from "./opening.ts";
import { runErrors } from "./run-errors.ts";
import { moduleFailures, type PlainError, toFailure, toTestResult } from "./to-run-result.ts";
import { near as nearPath, writeReports } from "./write-reports.ts";

/** Tells a run as it goes, then all of it: on the terminal, in the results folder, and to the CI system. */
export class PetriReporter {
  private readonly session: RunSession;
  private vitest: Vitest | undefined;
  private startedAt = new Date();

  constructor(session: RunSession) {
    this.session = session;
  }

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
  }

  onTestRunStart(): void {
    this.startedAt = new Date();
    for (const line of openingLines(this.session, this.terminal().columns ?? 120)) this.print(line);
  }

  onTestModuleQueued(): void {
    if (this.vitest) this.session.interruption.insist(this.vitest);
  }

  onTestCaseResult(test: TestCase): void {
    const result = this.resultOf(test);
    if (result) this.print(terminalLine(result, this.terminal()));
  }

  onUserConsoleLog(log: { readonly content: string }): void {
    this.print(neutralise(printable(log.content.replace(/\n$/, ""))));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    const { root } = this.session.context;
    const tests = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => this.resultOf(test) ?? []),
    );
    const interrupted = reason === "interrupted" || this.session.interruption.signal.aborted;
    const found: Failure[] = [
      ...modules.flatMap((module) => moduleFailures(module, root)),
      // Serialised errors are plain data with these fields.
      ...unhandled.map((error) => toFailure(error as PlainError, root)),
    ];
    const errors = [...found, ...runErrors(this.session, tests, found.length > 0)];
    const run: RunResult = {
      startedAt: this.startedAt.toISOString(),
      durationMs: Date.now() - this.startedAt.getTime(),
      tests,
      errors,
      interrupted,
    };
    const near = { ...run, tests: run.tests.map((test) => ({ ...test, traces: test.traces.map(nearPath) })) };
    this.print(`\n${renderTerminal(near, this.terminal()).trimEnd()}`);
    this.print(writeReports(run, this.session.run.dir));
    this.conclude(run);
  }

  private conclude(run: RunResult): void {
    const failed = run.errors.length > 0 || run.tests.some((test) => test.outcome === "failed");
    // vitest's own verdict stays where it is the worse one: a coverage threshold, for example.
    const exitCode = run.interrupted ? 130 : failed ? 1 : Number(process.exitCode ?? 0);
    process.exitCode = exitCode;
    leaveVerdict({ exitCode });
  }

  private resultOf(test: TestCase): TestResult | undefined {
    const pattern = this.vitest?.config.testNamePattern;
    return toTestResult(test, { root: this.session.context.root, namePattern: pattern });
  }

  private terminal(): TerminalOptions {
    const { stdout, env } = process;
    const color = env.NO_COLOR === undefined && (env.FORCE_COLOR !== undefined || stdout.isTTY === true);
    return { color, ...(stdout.isTTY && { columns: stdout.columns }) };
  }

  private print(text: string): void {
    if (text !== "") this.vitest?.logger.outputStream.write(`${text}\n`);
  }
}
