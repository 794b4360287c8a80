import { printable } from "../console/printable.ts";
import { commandLine } from "../host/run.ts";
import { describeEvent } from "../power/describe.ts";
import type { PowerEvent } from "../power/event.ts";
import type { VmmPlan } from "../vmm/contract.ts";
import type { ConsoleSet } from "./console-set.ts";
import type { VmFinding } from "./findings.ts";

const lastLines = 12;
const reportLines = 40;

export interface CrashScene {
  readonly consoles: ConsoleSet;
  readonly plan: VmmPlan;
  readonly traceDir: string;
}

/** The message for a power event: what happened, what it rests on, and where to look. */
export function eventMessage(what: string, event: PowerEvent, scene: CrashScene): string {
  const evidence = event.evidence.map((line) => `  ${printable(line)}`);
  return [`${what}: ${describeEvent(event)}`, ...evidence, ...surroundings(scene, "com1")].join("\n");
}

/** The message for a report on a console: its title, its lines, and where to look. Guest text is escaped and cut. */
export function findingMessage(finding: VmFinding, scene: CrashScene, note?: string): string {
  const { title, type, os, console, offset, severity, corrupted } = finding;
  const what = severity === "warning" ? "the guest printed a warning" : "the guest crashed";
  const lines = finding.report.split("\n");
  const left = lines.length - reportLines;
  return [
    `${what}, and nobody expected it: ${printable(title)}`,
    `  ${os}, ${type}, on ${console} at byte ${offset}${corrupted ? "; the report is incomplete" : ""}`,
    ...lines.slice(0, reportLines).map((line) => `  | ${printable(line)}`),
    ...(left > 0 ? [`  | … and ${left} more lines`] : []),
    ...(note === undefined ? [] : [`  ${note}`]),
    ...surroundings(scene, console),
    `allow it with vm.expectCrash(${literal(title)}) if the test means it${
      severity === "warning" ? ', or all warnings with oracle: { warnings: "report" }' : ""
    }`,
  ].join("\n");
}

/** How far the guest had come, what it said last, and where to look on. */
export function surroundings({ consoles, plan, traceDir }: CrashScene, name: VmFinding["console"]): string[] {
  const phase = consoles.context();
  return [
    ...(phase === undefined ? [] : [phase]),
    ...consoles.lastLines(name, lastLines),
    `command: ${commandLine(plan.run.file, plan.run.args)}`,
    `trace: ${traceDir}`,
  ];
}

const literal = (title: string): string => `/${title.replace(/[\\/^$.*+?()[\]{}|]/g, "\\$&")}/`;
