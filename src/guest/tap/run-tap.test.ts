import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { canRunAgent, localAgent } from "../agent/test/local-agent.ts";
import type { GuestChannel } from "../channel.ts";
import { TapJournal } from "./journal.ts";
import { runStreamed } from "./run-streamed.ts";
import { type RunTapOptions, runTap } from "./run-tap.ts";

const limitMs = 20_000;

async function taps({ isStreamed }: { isStreamed: boolean }) {
  const local = localAgent();
  onTestFinished(() => local.end());
  const agent = await local.channel();
  // A serial shell has no streams.
  const exec: GuestChannel["exec"] = (command, ms, options) => agent.exec(command, ms, options);
  const channel = isStreamed ? agent : ({ exec } as GuestChannel); // what runStreamed asks of one without
  const journal = new TapJournal(() => {});
  const run = (command: string | readonly string[], options: RunTapOptions = {}, ms = limitMs) =>
    runTap((...args) => runStreamed(channel, args[0], ms, args[1], args[2]), journal.open, command, options);
  return { journal, run };
}

describe.runIf(canRunAgent).each([{ isStreamed: true }, { isStreamed: false }])("streamed: $isStreamed", (how) => {
  test("a program's results, and how it ended", async () => {
    const { run } = await taps(how);
    const { points } = await run(["sh", "-c", "echo 1..2; echo ok 1 - ü; cat", "sh"], { input: "ok 2 - given\n" });
    expect(points.map(({ name }) => name)).toEqual(["ü", "given"]);
    expect((await run("echo 1..1; echo not ok 1; exit 1")).failed).toHaveLength(1);
    expect((await run('echo 1..1; echo "ok 1 # SKIP no disk"; exit 4')).ok).toBe(true);
    await expect(run("echo 1..1; echo ok 1; echo why >&2; exit 4")).rejects.toThrow(
      "exited with 4, and said last: why",
    );
    await expect(run("echo 1..1; echo not ok 1; kill -9 $$")).rejects.toThrow(
      "cannot be trusted: it was killed by SIGKILL",
    );
    await expect(run(["/no/such/program"])).rejects.toThrow();
    await expect(run("echo ok 1", { plan: -1 })).rejects.toThrow("plan: -1 is no number of results");
  });

  test("a program whose time is over is killed, and what it had said is kept", async () => {
    const { run, journal } = await taps(how);
    await expect(run("echo 1..2; echo ok 1 - one; exec sleep 1000", {}, 300)).rejects.toThrow(
      "did not end within 300 ms",
    );
    expect(journal.records()).toMatchObject([{ problems: [expect.stringContaining("did not end within 300 ms")] }]);
    expect(journal.records()[0]?.points.map(({ name }) => name)).toEqual(how.isStreamed ? ["one"] : []);
  });
});

describe.runIf(canRunAgent)("on a channel with streams", () => {
  test("results are known while the program runs", async () => {
    const dir = mkdtempSync(join(tmpdir(), "petri-tap-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const go = join(dir, "go");
    const { run, journal } = await taps({ isStreamed: true });
    const wait = `while [ ! -e ${go} ]; do sleep 0.02; done`;
    const result = run(`echo 1..3; echo ok 1 - one; echo ok 2 - two; ${wait}; echo ok 3`);
    // The last one may still get diagnostics.
    await expect.poll(() => journal.records()[0]?.points.map(({ name }) => name)).toEqual(["one"]);
    writeFileSync(go, "");
    expect((await result).points).toHaveLength(3);
    expect(existsSync(go)).toBe(true);
  });

  test("a program that prints on after its results are past reading is ended", async () => {
    const { run } = await taps({ isStreamed: true });
    await expect(run("echo 1..1; echo 'Bail out! no disk'; while :; do echo ok; done")).rejects.toThrow(
      "cannot be trusted: it bailed out: no disk",
    );
    await expect(run("tr '\\0' x </dev/zero")).rejects.toThrow("a line of it is longer than 16384 characters");
  });
});
