import type { ControlLine } from "../../host/recording.ts";

/** What one of OpenVMM's log lines says (tracing's text form: time, level, where from, message, fields). */
export interface LogLine extends ControlLine {
  readonly level: string;
  /** The module that said it. */
  readonly from: string;
  readonly message: string;
}

/** Undefined for what is no log line: the output of a command, a panic. */
export function readLogLine(line: ControlLine): LogLine | undefined {
  const [, level, from, message] =
    /^\d+\.\d+s +(TRACE|DEBUG|INFO|WARN|ERROR) (?:\S*\{.*?\}: )*([\w:]+): (.*)$/.exec(line.line) ?? [];
  if (level === undefined || from === undefined || message === undefined) return undefined;
  return { ...line, level, from, message };
}

/** Why the guest halted, if that is what the line says: `PowerOff`, `TripleFault` … (vmm_core_defs, HaltReason). */
export function haltReason({ from, message }: LogLine): string | undefined {
  // The terminal says once more what its controller said (openvmm_entry/src/repl.rs).
  if (from.endsWith("::repl")) return undefined;
  return /^guest halted reason="?(\w+)/.exec(message)?.[1];
}
