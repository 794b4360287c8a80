import { expect, test } from "vitest";
import type { VmmPlan } from "../contract.ts";
import type { QmpEvent } from "../qmp.ts";
import { Classifier, type Verdict } from "./classifier.ts";
import type { StoppedCpu } from "./reset-cause.ts";

// Lines as QEMU 7.2.22 sent them, in the order it sent them (references: power events, measured).
const plan = (firmware: VmmPlan["firmware"], args: string[] = []): VmmPlan => ({
  vmm: "qemu",
  accelerator: "tcg",
  run: { file: "qemu", args },
  consoles: {},
  control: "/control",
  copies: [],
  firmware,
  isPersistent: false,
  notes: [],
});

let clock = 0;
const event = (name: string, data: Record<string, unknown> = {}, com1 = 10): QmpEvent => {
  clock += 1e6;
  return { name, data, at: clock, offsets: { com1 }, line: JSON.stringify({ event: name, data }) };
};
const shutdown = (reason: string, guest = true) => event("SHUTDOWN", { guest, reason });
/** What is told of each event: the VMM's event, or a word for what is none. Resets are looked into: at no vCPU unless given. */
const take = (classifier: Classifier, events: QmpEvent[], cpus: StoppedCpu[] = []) =>
  events
    .map((each) => classifier.take(each))
    .filter((verdict) => verdict !== undefined)
    .map((verdict) => told(classifier, verdict, cpus));
function told(classifier: Classifier, verdict: Verdict, cpus: StoppedCpu[]) {
  if (verdict.is === "event") return verdict.event;
  return verdict.is === "reset" ? classifier.explainReset(verdict, cpus) : verdict.is;
}
const seen = (events: QmpEvent[], options: { firmware?: VmmPlan["firmware"]; args?: string[]; log?: string } = {}) =>
  take(new Classifier(plan(options.firmware ?? "ovmf", options.args), () => options.log ?? ""), events).map(
    (verdict) => (typeof verdict === "string" ? verdict : `${verdict.kind} ${verdict.cause}`),
  );

test.each([
  ["a power-off", [shutdown("guest-shutdown"), event("STOP")], "shutdown acpi-s5"],
  ["hibernation", [event("SUSPEND_DISK"), shutdown("guest-shutdown"), event("STOP")], "hibernate acpi-s4"],
  ["a reset", [shutdown("guest-reset"), event("STOP")], "reset unknown"],
  ["two SHUTDOWNs for one STOP", [shutdown("guest-reset"), shutdown("guest-reset"), event("STOP")], "reset unknown"],
  ["a panic", [event("GUEST_PANICKED", { action: "pause" }), event("STOP")], "crash pvpanic"],
  ["a watchdog", [event("WATCHDOG", { action: "pause" }), event("STOP")], "watchdog unknown"],
])("%s is one event", (_, events, verdict) => {
  expect(seen(events)).toEqual([verdict]);
});

test.each(["i6300esb", "ib700"])("that the watchdog was %s comes from the machine", (device) => {
  const events = [event("WATCHDOG", { action: "pause" }), event("STOP")];
  expect(seen(events, { args: ["-device", device] })).toEqual([`watchdog ${device}`]);
});

test("a reset that the log calls a triple fault is a crash, once", () => {
  const classifier = new Classifier(plan("ovmf"), () => "CPU Reset (CPU 0)\nTriple fault\nEAX=0\n");
  const twice = [shutdown("guest-reset"), event("STOP"), shutdown("guest-reset"), event("STOP")];
  expect(take(classifier, twice)).toMatchObject([
    { kind: "crash", cause: "triple-fault", confidence: "reported" },
    { kind: "reset", cause: "unknown" },
  ]);
});

test("what the harness does is no event of the guest", () => {
  expect(seen([event("STOP"), event("RESUME")])).toEqual(["unexplained"]);
  expect(seen([shutdown("host-qmp-quit", false), event("STOP")])).toEqual(["unexplained"]);
  expect(new Classifier(plan("ovmf"), () => "").explainStop(event("STOP"), "paused", "")).toBeUndefined();
  expect(seen([event("RESET", { guest: false, reason: "host-qmp-system-reset" })])).toEqual([]);
});

test("SeaBIOS's second reset is swallowed once, and only if the guest was silent", () => {
  const hostReset = event("RESET", { guest: false, reason: "host-qmp-system-reset" });
  const stop = () => [shutdown("guest-reset"), event("STOP")];
  const after = (firmware: VmmPlan["firmware"], events: QmpEvent[]) => {
    const classifier = new Classifier(plan(firmware), () => "");
    classifier.expectPhantom();
    return take(classifier, [hostReset, ...events]).map((verdict) =>
      typeof verdict === "string" ? verdict : verdict.kind,
    );
  };
  expect(after("seabios", [...stop(), ...stop()])).toEqual(["phantom", "reset"]);
  expect(after("ovmf", stop())).toEqual(["reset"]);
  const spoke = [shutdown("guest-reset"), event("STOP", {}, 11)];
  expect(after("seabios", spoke)).toEqual(["reset"]);
});

test("a watchdog that is followed by our reset is one event, too", () => {
  const classifier = new Classifier(plan("seabios"), () => "");
  expect(take(classifier, [event("WATCHDOG", { action: "pause" }), event("STOP")])).toMatchObject([
    { kind: "watchdog" },
  ]);
  classifier.expectPhantom();
  const after = [
    event("RESET", { guest: false, reason: "host-qmp-system-reset" }),
    event("STOP"),
    event("RESUME"),
    shutdown("guest-reset"),
    event("STOP"),
    shutdown("guest-reset"),
    event("STOP"),
  ];
  expect(take(classifier, after)).toMatchObject(["unexplained", "phantom", { kind: "reset" }]);
});

test("an end that nobody asked for says what QEMU said", () => {
  const end = (exitCode: number | null, signal: string | null) =>
    new Classifier(plan("ovmf"), () => "").takeEnd({
      ...{ exitCode, signal, expected: false, stderrTail: "qemu: oh no", at: 1, offsets: {} },
    });
  expect(end(33, null)).toMatchObject({ kind: "shutdown", cause: "debug-exit", confidence: "inferred" });
  expect(end(1, null)).toMatchObject({ kind: "vmm-error", evidence: ["QEMU ended with status 1", "qemu: oh no"] });
  expect(end(null, "SIGSEGV")).toMatchObject({
    kind: "vmm-error",
    evidence: ["QEMU was killed by SIGSEGV", "qemu: oh no"],
  });
});

test("a stop because QEMU cannot go on is its error, with the reason", () => {
  const classifier = new Classifier(plan("ovmf"), () => "");
  const error = { ...event("BLOCK_IO_ERROR"), line: '{"event": "BLOCK_IO_ERROR", "data": {"nospace": true}}' };
  const stop = event("STOP");
  expect(take(classifier, [error, stop])).toEqual(["unexplained"]);
  expect(classifier.explainStop(stop, "io-error", "")).toMatchObject({
    kind: "vmm-error",
    evidence: ["QEMU cannot go on: io-error", expect.stringMatching(/^no space .* PETRI_RUN_ROOT/), error.line],
  });
  take(classifier, [event("STOP")]);
  expect(classifier.explainStop(event("STOP"), "internal-error", "KVM internal error. Suberror: 1")).toMatchObject({
    evidence: ["QEMU cannot go on: internal-error", "KVM internal error. Suberror: 1"],
  });
});

test("whoever waits for a reset hears of QEMU's end instead", async () => {
  const classifier = new Classifier(plan("ovmf"), () => "");
  const done = classifier.hostReset();
  const offsets = { com1: 12 };
  const end = { exitCode: null, signal: "SIGSEGV", expected: false, stderrTail: "", at: 5, offsets };
  expect(classifier.takeEnd(end)).toMatchObject({ kind: "vmm-error", at: 5, offsets });
  await done;
});

test("a second way of resetting that the guest tried before it was stopped does not explain a later stop", () => {
  const reset = event("RESET", { guest: false, reason: "host-qmp-system-reset" });
  const late = [shutdown("guest-reset"), event("STOP"), shutdown("guest-reset"), reset, event("RESUME"), event("STOP")];
  expect(seen(late)).toEqual(["reset unknown", "unexplained"]);
});
