import { expect, test } from "vitest";
import type { EvidenceSource } from "../../power/causes.ts";
import type { VmmEnd, VmmPlan } from "../contract.ts";
import { HaltWatch } from "./events.ts";
import { haltReason, readLogLine } from "./log.ts";

const line = (text: string) => ({ line: text, at: 7, offsets: { com1: 3 } });
const logged = (message: string, from = "openvmm_entry::vm_controller") => {
  const read = readLogLine(line(`1.234567890s  INFO ${from}: ${message}`));
  if (!read) throw new Error(`${message} is no line of a log`);
  return read;
};
const end = (exitCode: number | null, signal: string | null = null): VmmEnd => ({
  ...{ exitCode, signal, expected: false, stderrTail: "its last words", at: 9, offsets: { com1: 5 } },
});
const watch = (exits: NonNullable<VmmPlan["exits"]> = {}, without: EvidenceSource[] = []) =>
  // The rest of a plan is not looked at.
  new HaltWatch({ accelerator: "kvm", exits } as VmmPlan, without);

test("a log line is told from what is none, spans and all", () => {
  expect(logged("guest halted reason=PowerOff")).toMatchObject({
    ...{ level: "INFO", from: "openvmm_entry::vm_controller", message: "guest halted reason=PowerOff", at: 7 },
  });
  expect(readLogLine(line('0.1s  WARN vm{id=1 name="a: b"}: vmm_core::x: slow'))).toMatchObject({
    ...{ level: "WARN", from: "vmm_core::x", message: "slow" },
  });
  for (const other of ["fatal error: no kernel", "guest halted reason=PowerOff", "1.2s  LOUD a: b", ""]) {
    expect(readLogLine(line(other))).toBeUndefined();
  }
});

test("what the terminal repeats is not told twice", () => {
  expect(haltReason(logged("guest halted reason=TripleFault { vp: 0, registers: None }"))).toBe("TripleFault");
  expect(haltReason(logged('guest halted reason="PowerOff"', "openvmm_entry::repl"))).toBeUndefined();
  expect(haltReason(logged("the guest halted reason=PowerOff"))).toBeUndefined();
});

test("each reason is an event, with the cause that it can only have", () => {
  const told = (reason: string) => watch().take(logged(`guest halted reason=${reason}`));
  expect(told("PowerOff")).toEqual({
    ...{ kind: "shutdown", cause: "acpi-s5", confidence: "reported", at: 7, offsets: { com1: 3 } },
    evidence: ["1.234567890s  INFO openvmm_entry::vm_controller: guest halted reason=PowerOff"],
  });
  expect(told("Hibernate")).toMatchObject({ kind: "hibernate", cause: "acpi-s4", confidence: "reported" });
  expect(told("Reset")).toMatchObject({ kind: "reset", cause: "unknown", confidence: "reported" });
  expect(told("TripleFault { vp: 0 }")).toMatchObject({ kind: "crash", cause: "triple-fault", confidence: "reported" });
  expect(told("Watchdog")).toMatchObject({ kind: "watchdog", cause: "wdat", confidence: "reported" });
  expect(told("DebugBreak { vp: None }")).toMatchObject({
    kind: "vmm-error",
    evidence: ["OpenVMM stopped the guest: DebugBreak", expect.any(String)],
  });
});

test("where the VMM ends for it, the event comes with its status, and both are its evidence", () => {
  const both = watch({ shutdown: 11, crash: 12 });
  expect(both.take(logged("guest halted reason=PowerOff"))).toBeUndefined();
  expect(both.takeEnd(end(11))).toEqual({
    ...{ kind: "shutdown", cause: "acpi-s5", confidence: "reported", at: 7, offsets: { com1: 3 } },
    evidence: [expect.stringContaining("reason=PowerOff"), "OpenVMM ended with status 11, its status for shutdown"],
  });
  const hibernation = watch({ shutdown: 11 });
  expect(hibernation.take(logged("guest halted reason=Hibernate"))).toBeUndefined();
  expect(hibernation.takeEnd(end(11))).toMatchObject({ kind: "hibernate", cause: "acpi-s4" });
});

test("either is enough alone", () => {
  expect(watch({ crash: 12 }).takeEnd(end(12))).toEqual({
    ...{ kind: "crash", cause: "triple-fault", confidence: "inferred", at: 9, offsets: { com1: 5 } },
    evidence: ["OpenVMM ended with status 12, its status for crash"],
  });
  expect(watch({ reset: 10 }).takeEnd(end(10))).toMatchObject({ kind: "reset", cause: "unknown" });
  const logOnly = watch({ crash: 12 }, ["exit-status"]);
  expect(logOnly.take(logged("guest halted reason=TripleFault { }"))).toBeUndefined();
  expect(logOnly.takeEnd(end(12))).toMatchObject({ kind: "crash", confidence: "reported" });
  const neither = watch({ crash: 12 }, ["exit-status", "log"]);
  expect(neither.take(logged("guest halted reason=TripleFault { }"))).toBeUndefined();
  expect(neither.takeEnd(end(12))).toMatchObject({ kind: "vmm-error" });
});

test("an end that is no guest's doing is the VMM's error, with its last words", () => {
  const error = { kind: "vmm-error", cause: "unknown" };
  expect(watch({ crash: 12 }).takeEnd(end(1))).toMatchObject({
    ...error,
    evidence: ["OpenVMM ended with status 1", "its last words"],
  });
  expect(watch({ crash: 12 }).takeEnd(end(null, "SIGSEGV"))).toMatchObject({
    ...error,
    evidence: ["OpenVMM was killed by SIGSEGV", "its last words"],
  });
  // It said that the guest crashed, and ended as it does for a shutdown: its word is not taken for either.
  const torn = watch({ crash: 12, shutdown: 11 });
  torn.take(logged("guest halted reason=TripleFault { }"));
  expect(torn.takeEnd(end(null, "SIGKILL"))).toMatchObject(error);
  expect(watch().takeEnd({ ...end(0), expected: true })).toBeUndefined();
});
