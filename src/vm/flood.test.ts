import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { compiledModule } from "../host/compiled.ts";

const megabyte = 2 ** 20;
const blocks = 1024;

/** Sends a gigabyte that repeats nowhere, and says its digest: a process at the VMM's end of the socket. */
const sender = `
  const hash = require("node:crypto").createHash("sha256");
  const socket = require("node:net").connect(process.argv[1]);
  const send = (index) => {
    if (index === ${blocks}) return socket.end(() => console.log(hash.digest("hex")));
    const block = Buffer.alloc(${megabyte}, "[    1.000000] line of block " + index + "\\r\\n");
    hash.update(block);
    socket.write(block, () => send(index + 1));
  };
  send(0);
`;

/** A process of its own, so that its memory is that of the harness alone. */
const harness = (dir: string) => `
  import { execFile } from "node:child_process";
  import { createHash } from "node:crypto";
  import { createReadStream } from "node:fs";
  import { pipeline } from "node:stream/promises";
  import { promisify } from "node:util";
  const { startRecording } = await import(${JSON.stringify(compiledModule(import.meta.url, "../host/recording"))});
  const { ConsoleSet } = await import(${JSON.stringify(compiledModule(import.meta.url, "./console-set"))});
  const { OracleWatch } = await import(${JSON.stringify(compiledModule(import.meta.url, "./oracle-watch"))});
  const dir = ${JSON.stringify(dir)};
  const consoles = new ConsoleSet(["com1"], dir, { send: () => {}, defaultTimeoutMs: () => 100_000 });
  const faults = [];
  const oracle = new OracleWatch(consoles.sources(), { onFinding: (_, { title }) => faults.push(title), onFault: faults.push });
  consoles.onAdvance((name) => oracle.advance(name));
  const recording = await startRecording({ clockStart: process.hrtime.bigint(), traceDir: dir,
    consoles: { com1: dir + "/com1" }, control: dir + "/control" });
  recording.listen({ onBytes: (name, end) => consoles.advance(name, end), onControl: () => {},
    onFault: (error) => faults.push(String(error)) });
  const before = process.memoryUsage().rss;
  let most = before;
  setInterval(() => { most = Math.max(most, process.memoryUsage().rss); }, 10).unref();
  // The slowest reader there can be: it is never done with its first piece.
  let taken = 0;
  consoles.pipe("com1", (bytes) => { taken += bytes.length; return new Promise(() => {}); });
  const wait = consoles.get("com1").expect("line of block ${blocks - 1}");
  const sent = await promisify(execFile)(process.execPath, ["-e", ${JSON.stringify(sender)}, dir + "/com1"]);
  await wait;
  const growth = most - before;
  await recording.close();
  const hash = createHash("sha256");
  await pipeline(createReadStream(dir + "/com1.log", { highWaterMark: ${megabyte} }), hash);
  console.log(JSON.stringify({ faults, growth, taken, same: hash.digest("hex") === sent.stdout.trim() }));
`;

test("a gigabyte is recorded whole, in little memory, and no reader of ours stalls its sender", async () => {
  const dir = mkdtempSync(join(tmpdir(), "petri-flood-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const args = ["--input-type=module", "-e", harness(dir)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const said = JSON.parse(stdout);
  expect(said).toMatchObject({ faults: [], same: true });
  expect(said.taken).toBeLessThan(megabyte);
  // 40 MB when measured, all of it buffers of reads under way; an eighth of what was sent would be a leak.
  expect(said.growth).toBeLessThan((blocks / 8) * megabyte);
}, 120_000);
