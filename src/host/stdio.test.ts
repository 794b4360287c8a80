import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TraceWriter } from "../trace/writer.ts";
import { localHost } from "./local.ts";
import type { ControlLine } from "./recording.ts";

/** A console that is recorded, and the VMM's end of it. */
async function recorded(kind: "fifo" | "socket") {
  const runDir = mkdtempSync(join(tmpdir(), "petri-stdio-"));
  const traceDir = join(runDir, "trace");
  mkdirSync(traceDir);
  const clockStart = process.hrtime.bigint();
  TraceWriter.open(traceDir, { clockStart }).close();
  const path = join(runDir, "com1");
  const fifos = kind === "fifo" ? (["com1"] as const) : [];
  const recording = await localHost.record({ clockStart, traceDir, consoles: { com1: path }, fifos });
  const marks: ControlLine[] = [];
  recording.listen({ onBytes: () => {}, onFault: () => {}, onControl: (line) => marks.push(line) });
  const stdio = await localHost.openStdio(path, kind);
  await recording.connected;
  const run = (script: string) => {
    const log = join(runDir, "vmm.log");
    return localHost.spawn("/bin/sh", ["-c", script], { runDir, log, stdio });
  };
  return { recording, stdio, marks, run, runDir, log: () => readFileSync(join(traceDir, "com1.log"), "latin1") };
}

const kinds = ["socket", ...(localHost.hasFifos ? (["fifo"] as const) : [])] as const;

for (const kind of kinds) {
  test(`processes that follow each other print to one console by a ${kind}, and a mark stands behind all of each`, async () => {
    const { recording, stdio, marks, run, log, runDir } = await recorded(kind);
    for (const name of ["first", "second"]) {
      const printing = await run(`for i in 1 2 3; do echo ${name} $i; done; echo trouble >&2`);
      await printing.ended;
      recording.mark(`${name} ended`);
      await expect.poll(() => marks.length).toBe(name === "first" ? 1 : 2);
    }
    expect(log()).toBe("first 1\nfirst 2\nfirst 3\nsecond 1\nsecond 2\nsecond 3\n");
    expect(marks.map(({ line, offsets }) => [line, offsets.com1])).toEqual([
      ["first ended", 24],
      ["second ended", 51],
    ]);
    expect(readFileSync(join(runDir, "vmm.log"), "utf8")).toBe("trouble\ntrouble\n");
    stdio.close();
    await recording.finished;
  });

  test(`what is typed is read by the process that runs then, by a ${kind}`, async () => {
    const { recording, stdio, run, log } = await recorded(kind);
    for (const word of ["one", "two"]) {
      const answering = await run("read word; echo got $word");
      recording.write("com1", Buffer.from(`${word}\n`));
      await answering.ended;
    }
    stdio.close();
    await recording.finished;
    expect(log()).toBe("got one\ngot two\n");
  });
}

test("a signal to the process alone spares what it started", async () => {
  const { recording, stdio, run, log } = await recorded("socket");
  const child = `sh -c 'trap "echo child asked" TERM; echo child ready; while :; do sleep 0.05; done'`;
  const parent = await run(`${child} & trap 'echo asked; kill -KILL $!; exit 7' TERM; echo ready; wait`);
  await expect.poll(() => log().split("\n").sort()).toEqual(["", "child ready", "ready"]);
  parent.signal("SIGTERM");
  expect(await parent.ended).toEqual({ exitCode: 7, signal: null });
  stdio.close();
  await recording.finished;
  expect(log()).toMatch(/ready\nasked\n$/);
});
