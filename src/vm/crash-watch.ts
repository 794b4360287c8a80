import { symbolise } from "../host/sources.ts";
import { GuestCrash } from "../machine/errors.ts";
import type { ConsoleName } from "../machine/machine.ts";
import { type OraclePolicy, oraclePolicy } from "../oracle/policy.ts";
import type { Finding, OracleOs } from "../oracle/rule.ts";
import type { PowerEvent, PowerKind } from "../power/event.ts";
import type { UntimedEvent } from "../trace/event.ts";
import type { VmmEvent } from "../vmm/contract.ts";
import { CrashJudge } from "./crash-judge.ts";
import { type CrashScene, eventMessage, findingMessage } from "./crash-message.ts";
import { FindingJournal, type VmFinding } from "./findings.ts";
import { OracleWatch } from "./oracle-watch.ts";

/** The trace holds so many findings; a guest may print reports for ever. */
const recordedFindings = 500;

/** What ends a guest that has crashed. */
const aftermath: readonly PowerKind[] = ["reset", "watchdog", "halted"];

/** Kernels that reset the machine, by themselves or when told in their debugger, after they have panicked. */
const kernels: readonly OracleOs[] = ["linux", "freebsd", "netbsd", "openbsd"];

export interface CrashWatchParts extends CrashScene {
  readonly policy?: OraclePolicy | undefined;
  /** A panic on a console explains no reset. */
  readonly ignoresPanics?: boolean | undefined;
  readonly findings?: FindingJournal | undefined;
  /** The guest kernel's ELF file with symbols: a report that fails the VM then tells source lines. */
  readonly vmlinux?: string | undefined;
  /** Nanoseconds since the trace began. */
  readonly now: () => number;
  readonly note: (event: UntimedEvent, t: number) => void;
  readonly fail: (error: Error) => void;
}

/** Watches a guest for crashes, by its consoles and by its power events, and fails the VM for one that nobody expects. */
export class CrashWatch {
  readonly findings: FindingJournal;
  private readonly parts: CrashWatchParts;
  private readonly policy: OraclePolicy;
  private readonly judge = new CrashJudge();
  private readonly oracles: OracleWatch | undefined;
  /** Events of crashes that came as asked: still there for whoever waits for them, but nobody has to. */
  private readonly expectedEvents = new Set<PowerEvent>();
  private recorded = 0;
  /** The first report of this boot after which its kernel goes no further. */
  private panic: { readonly console: ConsoleName; readonly title: string } | undefined;
  /** Reports that wait until it is clear whether the event that follows them was awaited. */
  private held: { readonly console: ConsoleName; readonly found: Finding }[] | undefined;

  constructor(parts: CrashWatchParts) {
    this.parts = parts;
    this.findings = parts.findings ?? new FindingJournal();
    this.policy = parts.policy ?? oraclePolicy();
    if (!this.policy.enabled) return;
    const { extra, ignore } = this.policy;
    const oracles = new OracleWatch(parts.consoles.sources(), {
      ...{ extra, ignore, onFault: parts.fail },
      onFinding: (console, finding) => this.found(console, finding),
    });
    parts.consoles.onAdvance((name) => oracles.advance(name));
    this.oracles = oracles;
  }

  /** Allows exactly one crash; see VirtualMachine.expectCrash. */
  expect(pattern: RegExp | string | undefined): void {
    this.judge.expect(pattern);
  }

  unmet(): string[] {
    return this.judge.unmet();
  }

  isExpected(event: PowerEvent): boolean {
    return this.expectedEvents.has(event);
  }

  /**
   * The event as it is to be recorded: the reset (or triple fault) by which a kernel that has panicked restarts the
   * machine is the crash. `happened` has to follow.
   */
  explain(event: VmmEvent): VmmEvent {
    const isRestart = event.kind === "reset" || event.cause === "triple-fault";
    if (!isRestart || !this.oracles || this.parts.ignoresPanics) return event;
    this.held = [];
    this.oracles.flush();
    if (!this.panic) return event;
    const how = event.cause === "unknown" ? "" : ` (${event.cause})`;
    const words = [`${this.panic.console}: ${this.panic.title}`, `then the kernel restarted the machine${how}`];
    const evidence = [...words, ...event.evidence];
    return { ...event, kind: "crash", cause: "kernel-panic", confidence: "inferred", evidence };
  }

  /** The guest did something to its power, after all that it printed. */
  happened(event: PowerEvent, wasAwaited: boolean): void {
    if (event.kind !== "crash") {
      this.flush();
      if (this.judge.isDown && aftermath.includes(event.kind)) this.expectedEvents.add(event);
      return;
    }
    const sign = { text: [event.cause, ...event.evidence].join("\n"), at: event.at, isFinal: true };
    // Whoever waits for the event has asked for what the guest says about it, too; else its words come first.
    if (!wasAwaited) this.flush();
    const verdict = this.judge.judge({ ...sign, wasAwaited });
    if (wasAwaited) this.flush();
    if (verdict === "allowed" && !wasAwaited) this.expectedEvents.add(event);
    if (verdict !== "unexpected") return;
    const message = eventMessage("the guest crashed, and nobody expected it", event, this.parts);
    this.parts.fail(new GuestCrash(`${message}\nallow it with vm.expectCrash() if the test means it`));
  }

  /** No more output will come, at least for now. */
  over(reason: Error): void {
    this.oracles?.flush();
    this.findings.end(reason);
  }

  restarted(): void {
    this.oracles?.restarted();
    this.judge.restarted();
    this.resumed();
  }

  /** The guest goes on after all. */
  resumed(): void {
    this.panic = undefined;
    this.findings.reopen();
  }

  private flush(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const { console, found } of held) this.judged(console, found);
    this.oracles?.flush();
  }

  private found(console: ConsoleName, found: Finding): void {
    if (found.isFinal && kernels.includes(found.os)) this.panic ??= { console, title: found.title };
    if (this.held) this.held.push({ console, found });
    else this.judged(console, found);
  }

  private judged(console: ConsoleName, found: Finding): void {
    const consequence = this.policy.consequenceOf(found);
    if (consequence === "ignore") return;
    const at = this.parts.now();
    const { finding, wasAwaited } = this.findings.record({ ...found, console, at });
    const isOnlyReported = consequence === "report" && !wasAwaited && !this.judge.asksFor(finding.title);
    const verdict = isOnlyReported ? "reported" : this.verdictOn(finding, wasAwaited);
    this.record(finding, verdict);
    if (verdict === "unexpected") this.parts.fail(new GuestCrash(this.messageOf(finding)));
  }

  private messageOf(finding: VmFinding): string {
    const { vmlinux } = this.parts;
    if (vmlinux === undefined) return findingMessage(finding, this.parts);
    const { report, note } = symbolise(finding.report, vmlinux);
    this.parts.note({ kind: "note", text: note ?? `${finding.title}, with its source lines:\n${report}` }, finding.at);
    return findingMessage({ ...finding, report }, this.parts, note);
  }

  private verdictOn({ title, at, isFinal, severity }: VmFinding, wasAwaited: boolean) {
    return this.judge.judge({ text: title, at, isFinal, isWarning: severity === "warning", wasAwaited });
  }

  private record(finding: VmFinding, verdict: "allowed" | "unexpected" | "known" | "reported"): void {
    if (this.recorded > recordedFindings) return;
    const { index: _, at, isFinal, ...facts } = finding;
    if (this.recorded++ === recordedFindings) {
      this.parts.note({ kind: "note", text: `more than ${recordedFindings} findings: the rest is left out` }, at);
    } else this.parts.note({ kind: "finding", ...facts, isFinal, verdict }, at);
  }
}
