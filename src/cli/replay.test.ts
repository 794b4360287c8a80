import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder, runPetri } from "./test/run-petri.ts";

// The built CLI; what is replayed was recorded of petri-guest on v86, which is always there.
const guest = ["boot", "--image", "petri-guest", "--vmm", "v86", "--quiet", "--trace", "record"];

async function record(args: readonly string[], exitCode: number): Promise<string> {
  const cwd = newFolder();
  expect(await runPetri(cwd, [...guest, ...args])).toMatchObject({ exitCode });
  return cwd;
}

function tamper(cwd: string, file: string, from: string | RegExp, to: string): void {
  const path = join(cwd, "record", file);
  const text = readFileSync(path, "latin1");
  expect(text).not.toBe(text.replace(from, to));
  writeFileSync(path, text.replace(from, to), "latin1");
}

const echo = ["--expect", "/^petri-guest ready/", "--send", "echo one\\n", "--expect", "ok one"];

describe("a run ends again as it did:", () => {
  test("every expectation met", async () => {
    const cwd = await record(echo, 0);
    const { exitCode, stdout, stderr } = await runPetri(cwd, ["replay", "record"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatchInlineSnapshot(`
      "✓ com1 /^petri-guest ready/: "petri-guest ready" at byte 0
      ✓ com1 "ok one": "ok one" at byte 32
      2 expectations, as recorded
      the run ends with 0 (Met): every expectation was met
      "
    `);

    tamper(cwd, "com1.log", "ok one", "ok two");
    const other = await runPetri(cwd, ["replay", "record"]);
    expect(other.exitCode).toBe(1);
    expect(other.stdout).toContain('✗ com1 "ok one"\n    recorded: "ok one" at byte 32\n    now: ');
    expect(other.stderr).toMatch(/^petri: com1 "ok one" comes to something else: recorded "ok one" at byte 32; now /);
  });

  test("a timeout", async () => {
    const cwd = await record(["--expect", "login:", "--timeout", "1s"], 124);
    const { exitCode, stdout, stderr } = await runPetri(cwd, ["replay", "record"]);
    expect(exitCode).toBe(124);
    expect(stdout).toContain('✓ com1 "login:": did not come within 1 s\n');
    expect(stderr).toBe('petri: expected "login:" on com1 within 1 s, but it did not come\n');
    tamper(cwd, "com1.log", "ready ", "login:");
    expect(await runPetri(cwd, ["replay", "record"])).toMatchObject({ exitCode: 1 });
  });

  test.each([
    ["triple-fault", [], 3],
    ["shutdown", ["--guest-shutdown-action", "exit:7"], 7],
    ["shutdown", ["--expect", "never"], 1],
    ["echo bad", ["--fail-on", "ok bad"], 1],
  ])("%s with %j", async (line, options, code) => {
    const cwd = await record(["--expect", "ready", "--send", `${line}\\n`, ...options], code);
    expect(await runPetri(cwd, ["replay", "record"])).toMatchObject({ exitCode: code });
  });

  test("--json has a line for each expectation, and the same end", async () => {
    const cwd = await record(["--expect", "ready", "--send", "triple-fault\\n"], 3);
    const { exitCode, stdout } = await runPetri(cwd, ["replay", "record", "--json"]);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(exitCode).toBe(3);
    expect(events.map(({ event, title, relation }) => [event, title, relation])).toEqual([
      ["wait", 'com1 "ready"', "same"],
      ["wait", "power next", "same"],
      ["wait", "power next", "same"],
      ["end", undefined, undefined],
    ]);
    expect(events[1]?.now).toEqual({ outcome: "matched", event: { index: 0, kind: "crash", cause: "triple-fault" } });
    expect(events[3]).toMatchObject({ class: "GuestCrash", exitCode: 3 });
  });
});

describe("new expectations are judged as petri boot judges a run:", () => {
  test("each with its exit code", async () => {
    const cwd = await record(["--expect", "ready", "--send", "triple-fault\\n"], 3);
    for (const [args, code] of cases) {
      const { exitCode, stderr } = await runPetri(cwd, ["replay", "record", ...args]);
      expect(exitCode, `${args.join(" ")}: ${stderr}`).toBe(code);
    }
  });
  const cases: [string[], number][] = [
    [["--expect", "ready", "--expect", "/^ok triple-fault$/"], 0],
    [["--expect", "ok", "--expect", "ready"], 3],
    [["--fail-on", "/guest re.dy/", "--expect", "ready"], 1],
    [["--fail-on", "ok triple", "--expect", "ready"], 0],
    [["--fail-on", "never"], 3],
    [["--expect", "never", "--timeout", "1ms"], 124],
    [["--expect", "com2:never"], 64],
    [["--expect", "/(/"], 64],
    [["--timeout", "1s"], 64],
    [["--send", "x"], 64],
  ];

  test("what the recording ends without is not met, and that is no timeout", async () => {
    const cwd = await record(echo, 0);
    const { exitCode, stderr } = await runPetri(cwd, ["replay", "record", "--expect", "never"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^petri: the record ends at \d+\.\d+ s while waiting for "never" on com1\nwaited .+\n/);
    expect(await runPetri(cwd, ["replay", "record", "--fail-on", "never"])).toMatchObject({ exitCode: 0 });
  });
});

test("what the oracle finds in the recorded consoles is told", async () => {
  const cwd = await record(["--expect", "ready"], 0);
  const panic = "[    2.000000] Kernel panic - not syncing: sysrq triggered crash\r\n";
  writeFileSync(join(cwd, "record", "com1.log"), `petri-guest ready kernel 0.1.0\r\n${panic}`);
  const { exitCode, stdout } = await runPetri(cwd, ["replay", "record"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("! com1 kernel panic: sysrq triggered crash (linux), at byte 32: not found in that run\n");
});

test("a record without expectations, or cut before the first, says which", async () => {
  const cwd = await record(["--expect", "ready"], 0);
  cpSync(join(cwd, "record"), join(cwd, "old"), { recursive: true });
  const events = readFileSync(join(cwd, "old/events.jsonl"), "utf8").split("\n");
  writeFileSync(
    join(cwd, "old/events.jsonl"),
    events.filter((line) => !/"kind":"(wait|verdict)/.test(line)).join("\n"),
  );
  const old = await runPetri(cwd, ["replay", "old"]);
  expect(old.exitCode).toBe(64);
  expect(old.stderr).toContain("the Petri that wrote it did not record expectations yet");
  expect(old.stderr).toContain("petri replay old --expect PATTERN");
  expect(await runPetri(cwd, ["replay", "old", "--expect", "ready"])).toMatchObject({ exitCode: 0, stderr: "" });

  truncateSync(join(cwd, "record/events.jsonl"), 90);
  const cut = await runPetri(cwd, ["replay", "record"]);
  expect(cut.exitCode).toBe(64);
  expect(cut.stderr).toContain("it ends before anything was awaited");
});

test("a script waits for its guest's end for ever, not for the two minutes of a test's wait", async () => {
  const cwd = await record(["--expect", "ready"], 0);
  const events = readFileSync(join(cwd, "record/events.jsonl"), "utf8").split("\n");
  const [wait = "{}"] = events.filter((line) => line.includes('"on":"power"'));
  expect(JSON.parse(wait)).toMatchObject({ kind: "wait", mode: "next" });
  expect(JSON.parse(wait)).not.toHaveProperty("timeoutMs");
});
