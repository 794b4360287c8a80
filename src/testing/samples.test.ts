import { existsSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { failuresOf, outcomes, removeResults, vitestSample } from "./samples/support/run-sample.ts";

afterAll(removeResults);

const both = (name: string, outcome: string) => ({
  [`${name} [qemu kernel]`]: outcome,
  [`${name} [v86 kernel]`]: outcome,
});

test("a crash fails the test, whatever its body does", async () => {
  const run = await vitestSample(["crash"]);
  expect(run.exitCode, run.output).toBe(1);
  expect(outcomes(run)).toEqual({
    ...both("stuck in a promise while the guest crashes", "failed"),
    ...both("waiting for text while the guest crashes", "failed"),
    ...both("swallowing the crash", "failed"),
    ...both("expecting the crash", "passed"),
    ...both("crashing while the body is in a loop that ends it", "failed"),
  });
  for (const vmm of ["qemu", "v86"]) {
    const [stuck] = failuresOf(run, `stuck in a promise while the guest crashes [${vmm}`);
    expect(stuck?.message).toMatch(/^the guest crashed.*triple-fault/);
    expect(stuck?.place).toBe("crash.sample.ts:7");
    const [waiting] = failuresOf(run, `waiting for text while the guest crashes [${vmm}`);
    expect(waiting?.message).toContain('while waiting for toPrint("never said") on com1');
    expect(waiting?.place).toBe("crash.sample.ts:16");
    // Every report has a place of its own for traces.
    for (const failure of [stuck, waiting]) expect(failure?.message).not.toMatch(/^\s*trace/m);
    const traces = run.output.split("\n").filter((line) => line.includes(`-stuck-in-a-promise`) && line.includes(vmm));
    expect(traces).toEqual([expect.stringMatching(/^ {2}trace /)]);
  }
}, 240_000);

test("loose ends turn a green test red; an original failure stays alone", async () => {
  const run = await vitestSample(["loose-ends"]);
  expect(
    run.report.tests.map((each) => each.outcome),
    run.output,
  ).toEqual(Array(18).fill("failed"));
  expect(failuresOf(run, "a wait that is never awaited [v86")[0]?.message).toContain("never awaited: com1: expect(");
  expect(failuresOf(run, "an expectation that is never awaited [v86")[0]?.message).toContain(
    "never awaited: expect(…)",
  );
  expect(failuresOf(run, "a screen that is never awaited [v86")[0]?.message).toContain(
    'never awaited: com1: screen().toShow("petri-guest ready")',
  );
  expect(failuresOf(run, "an event that nobody looks at [v86")[0]?.message).toContain(
    "nobody looked at: the guest reset",
  );
  expect(failuresOf(run, "an event told only after the body")[0]?.message).toContain(
    "nobody looked at: the guest powered off",
  );
  expect(failuresOf(run, "a guest's answer")[0]?.message).toContain('never awaited: guest.echo("one")');
  expect(failuresOf(run, "a wait that fails")[0]?.place).toBe("loose-ends.sample.ts:44");
  expect(failuresOf(run, "a guest that fails")[0]?.place).toBe("loose-ends.sample.ts:48");
  expect(failuresOf(run, "fails first")).toEqual([{ message: "the first failure", place: "loose-ends.sample.ts:28" }]);
}, 240_000);

test("a timeout ends whatever the body waits for, and the next attempt starts afresh", async () => {
  const run = await vitestSample(["timeouts"]);
  expect(outcomes(run)).toEqual({
    "waits for what never comes [qemu kernel]": "failed",
    "hangs in a promise [qemu kernel]": "failed",
    "hangs after the guest has stopped [qemu kernel]": "failed",
    "never yields [qemu kernel]": "failed",
    "passes after a timeout [qemu kernel]": "flaky",
  });
  const [waits] = failuresOf(run, "waits for what never comes");
  expect(waits?.message).toMatch(
    /^the test did not end within 3 s\n {2}while waiting for toPrint\("never said"\) on com1/,
  );
  expect(waits?.message).toContain("| petri-guest ready");
  expect(waits?.place).toBe("timeouts.sample.ts:6");
  expect(waits?.message.match(/last lines of com1/g)).toHaveLength(1);
  const [hangs] = failuresOf(run, "hangs in a promise");
  expect(hangs?.message.split("\n")).toEqual([
    "the test did not end within 6 s",
    expect.stringContaining("timeout"),
    "vm is running",
    "last lines of com1:",
    expect.stringMatching(/^ {2}\| petri-guest ready/),
  ]);
  const [halted] = failuresOf(run, "hangs after the guest has stopped");
  expect(halted?.message).toMatch(/^vm is halted; nobody looked at: the guest crashed \(triple-fault\) at/m);
}, 240_000);

test("matchers look at events, fail at the test's line, and refuse what cannot be", async () => {
  const run = await vitestSample(["matchers"]);
  const failed = [
    "a span is missing",
    "prints what it must not",
    "lines out of order",
    "shows what it must not",
    "does not show",
    "resets instead",
    "exits otherwise",
    "more machines than reserved",
  ];
  const several = "prints one of several, lines, and nothing else until it powers off";
  const passed = [
    "prints, and does not print",
    "shows, and does not show",
    several,
    "powers off",
    "exits",
    "two machines",
  ];
  expect(outcomes(run)).toEqual(
    Object.assign({}, ...failed.map((name) => both(name, "failed")), ...passed.map((name) => both(name, "passed"))),
  );
  expect(failuresOf(run, "a span is missing")[0]?.message).toContain("needs a span");
  const unwanted = failuresOf(run, "prints what it must not")[0];
  expect(unwanted).toMatchObject({ place: "matchers.sample.ts:15" });
  expect(unwanted?.message).toMatch(
    /^expected com1 not to print "ready" for 10 s, but it did after .*, at byte 12\n {2}\|/,
  );
  expect(failuresOf(run, "lines out of order")[0]?.message).toContain(
    'expected the lines "never", /^petri-guest ready/ on com1 within 100 ms, but they did not come',
  );
  expect(failuresOf(run, "shows what it must not")[0]?.message).toMatch(
    /^expected the screen of com1 not to show "ready" during 10s, but it did\n.*80x25[\s\S]*│petri-guest ready/,
  );
  expect(failuresOf(run, "does not show")[0]?.message).toMatch(
    /^expected the screen of com1 to show "login:"[\s\S]*│petri/,
  );
  expect(failuresOf(run, "resets instead [v86")[0]?.message).toContain('expected "shutdown" as the next power event');
  expect(failuresOf(run, "exits otherwise")[0]?.message).toContain(
    "expected the VM to exit with 0, but it exited with 7",
  );
  expect(failuresOf(run, "more machines")[0]?.message).toContain("vms: 2");
}, 240_000);

test("a guest that its watchdog does not bring back fails its test, and says so", async () => {
  const run = await vitestSample(["watchdog"]);
  const outcome = (name: string) => run.report.tests.find((each) => each.name.startsWith(name))?.outcome;
  expect(outcome("boots from its disk"), run.output).toBe("passed");
  const [halts] = failuresOf(run, "halts instead");
  expect(halts?.message).toContain("expected 'halt' to be 'reset'");
  const [unasked] = failuresOf(run, "halts, and nobody asks how");
  expect(unasked?.message).toMatch(
    /^the watchdog expired \(i6300esb\) .* while waiting for "petri-guest ready" on com1\nwaited .*\n(?:in phase .*\n)?com1 has printed nothing since/,
  );
  // The first boot's ready line is still in the log: it is not taken for the second's.
  const [lost] = failuresOf(run, "loses its disk");
  expect(lost?.message).toMatch(
    /^the test did not end within 5 s\n {2}while waiting for toPrint\("petri-guest ready"\)/,
  );
  expect(lost?.place).toBe("watchdog.sample.ts:20");
}, 240_000);

test("a pass on retry is flaky, and the failed attempt keeps its own trace", async () => {
  const run = await vitestSample(["flaky"]);
  const [result] = run.report.tests;
  expect(result).toMatchObject({ outcome: "flaky", attempts: 2 });
  expect(result?.traces).toEqual([expect.stringMatching(/\/1-vm$/)]);
  expect(existsSync(`${result?.traces[0]}/events.jsonl`)).toBe(true);
}, 240_000);

test("a test body in a busy loop loses no byte", async () => {
  const run = await vitestSample(["busy"]);
  expect(outcomes(run), run.output).toEqual(both("a busy test body loses no byte", "passed"));
}, 240_000);
