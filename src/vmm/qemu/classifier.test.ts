import { expect, test } from "vitest";
import type { EvidenceSource } from "../../power/causes.ts";
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

const stopOf = (classifier: Classifier, events: QmpEvent[]) => {
  const last = events.map((each) => classifier.take(each)).at(-1);
  if (last?.is !== "unexplained") throw new Error(`it was explained: ${last?.is}`);
  return last.stop;
};

test("without its events QEMU's state tells a panic and a watchdog, and nothing tells shutdown from hibernation", () => {
  const told = (events: QmpEvent[], status: string, without: EvidenceSource[] = ["events"]) => {
    const classifier = new Classifier(plan("ovmf", ["-device", "ib700"]), () => "", without);
    const event = classifier.explainStop(stopOf(classifier, events), status, "");
    return event && `${event.kind} ${event.cause} ${event.confidence}`;
  };
  const panic = [event("GUEST_PANICKED", { action: "pause" }), event("STOP")];
  expect(told(panic, "guest-panicked")).toBe("crash pvpanic inferred");
  expect(told(panic, "guest-panicked", ["events", "state"])).toBeUndefined();
  expect(told([event("WATCHDOG", { action: "pause" }), event("STOP")], "watchdog")).toBe("watchdog ib700 inferred");
  const hibernation = [event("SUSPEND_DISK"), shutdown("guest-shutdown"), event("STOP")];
  expect(told(hibernation, "shutdown")).toBe("shutdown unknown reported");
});

test("each kind of evidence can be left out by itself", () => {
  const wrote = "Triple fault\npckbd_kbd_write_command 0xfe\n";
  const cpu: StoppedCpu = { index: 0, address: 0n, dx: 0xcf9, al: 6, isAtResetVector: false, code: [] };
  const cause = (without: EvidenceSource[]) =>
    take(new Classifier(plan("ovmf"), () => wrote, without), [shutdown("guest-reset"), event("STOP")], [cpu]);
  expect(cause([])).toMatchObject([{ cause: "triple-fault" }]);
  expect(cause(["reset-log"])).toMatchObject([{ kind: "reset", cause: "keyboard-controller", confidence: "reported" }]);
  expect(cause(["reset-log", "device-trace"])).toMatchObject([{ cause: "cf9", confidence: "inferred" }]);
  expect(cause(["reset-log", "device-trace", "registers"])).toMatchObject([{ kind: "reset", cause: "unknown" }]);
});

test("what was logged before an earlier stop explains no later one, and evidence says what it rests on", () => {
  let log = "";
  const classifier = new Classifier(plan("ovmf"), () => log);
  log += "pckbd_kbd_write_command 0xaa\npckbd_kbd_write_command 0xfe\n";
  const [first] = take(classifier, [shutdown("guest-reset"), event("STOP")]);
  expect(first).toMatchObject({
    cause: "keyboard-controller",
    evidence: [expect.stringContaining("guest-reset"), "QEMU's device trace: pckbd_kbd_write_command 0xfe"],
  });
  log += "port92_write port92: write 0x01\n";
  expect(take(classifier, [shutdown("guest-reset"), event("STOP")])).toMatchObject([{ cause: "port92" }]);
  expect(take(classifier, [shutdown("guest-reset"), event("STOP")])).toMatchObject([{ cause: "unknown" }]);
});

test("iTCO is named where it was made live; of two watchdogs nobody knows which", () => {
  const events = () => [event("WATCHDOG", { action: "pause" }), event("STOP")];
  expect(seen(events(), { args: ["-global", "ICH9-LPC.noreboot=off"] })).toEqual(["watchdog itco"]);
  expect(seen(events(), { args: ["-device", "i6300esb", "-device", "ib700,id=x"] })).toEqual(["watchdog unknown"]);
});

test("a QEMU that ends where it would have stopped, by actions of the user, says why all the same", () => {
  const ended = (events: QmpEvent[], log = "") => {
    const classifier = new Classifier(plan("ovmf", ["-device", "ib700"]), () => log);
    for (const each of events) classifier.take(each);
    const end = { exitCode: 0, signal: null, expected: false, stderrTail: "", at: 9, offsets: { com1: 3 } };
    return classifier.takeEnd(end);
  };
  expect(ended([shutdown("guest-shutdown")])).toMatchObject({ kind: "shutdown", at: 9, offsets: { com1: 3 } });
  expect(ended([shutdown("guest-reset")])).toMatchObject({ kind: "reset", cause: "unknown" });
  expect(ended([shutdown("guest-reset")], "Triple fault\n")).toMatchObject({ kind: "crash" });
  expect(ended([event("WATCHDOG", { action: "poweroff" })])).toMatchObject({ kind: "watchdog", cause: "ib700" });
  expect(ended([shutdown("host-signal", false)])).toMatchObject({ kind: "vmm-error" });
});
