import { createHash } from "node:crypto";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { makeFifo } from "./fifo.ts";
import { type ControlLine, type Recording, startRecording } from "./recording.ts";

interface Setup {
  readonly recording: Recording;
  readonly dir: string;
  readonly control: ControlLine[];
  readonly faults: Error[];
  readonly ends: () => number;
  connect(name: "com1" | "control"): Promise<Socket>;
}

async function setUp(prepare: (traceDir: string) => void = () => {}): Promise<Setup> {
  const dir = mkdtempSync(join(tmpdir(), "petri-recording-"));
  prepare(dir);
  const recording = await startRecording({
    clockStart: process.hrtime.bigint(),
    traceDir: dir,
    consoles: { com1: join(dir, "com1") },
    control: join(dir, "control"),
  });
  const control: ControlLine[] = [];
  const faults: Error[] = [];
  let end = 0;
  recording.listen({
    onBytes: (_, upTo) => {
      end = upTo;
    },
    onControl: (line) => control.push(line),
    onFault: (error) => faults.push(error),
  });
  const open = (name: string) =>
    new Promise<Socket>((resolve) => {
      const socket = connect(join(dir, name), () => resolve(socket));
    });
  return { recording, dir, control, faults, ends: () => end, connect: open };
}

const log = (setup: Setup) => readFileSync(join(setup.dir, "com1.log"));
const events = (setup: Setup) =>
  readFileSync(join(setup.dir, "events.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { kind: string; offset: number; length: number; line: string });

test("keeps every byte and says where each chunk came", async () => {
  const setup = await setUp();
  const com1 = await setup.connect("com1");
  const control = await setup.connect("control");
  await setup.recording.connected;
  com1.end("hello\r\n\0\x1b[31m\xff", "latin1");
  control.end();
  await setup.recording.finished;
  expect(log(setup).toString("latin1")).toBe("hello\r\n\0\x1b[31m\xff");
  expect(setup.ends()).toBe(log(setup).length);
  const chunks = events(setup).filter((event) => event.kind === "console");
  expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(log(setup).length);
});

test("a control line comes with exactly the bytes of a guest that was stopped before it", async () => {
  const setup = await setUp();
  let seen = () => {};
  const com1 = await setup.connect("com1");
  const control = await setup.connect("control");
  await setup.recording.connected;
  setup.recording.listen({
    onBytes: () => {},
    onFault: () => {},
    onControl: (line) => {
      setup.control.push(line);
      seen();
    },
  });
  for (let round = 1; round <= 50; round++) {
    // The kernel has the bytes once write has called back: from then on they come before the line.
    await new Promise((resolve) => com1.write("x".repeat(1000), resolve));
    const line = new Promise<void>((resolve) => {
      seen = resolve;
    });
    control.write(`{"event":"${round}"}\n`);
    await line;
  }
  com1.end();
  control.end();
  await setup.recording.finished;
  expect(setup.control.map((line) => line.offsets.com1)).toEqual(Array.from({ length: 50 }, (_, i) => (i + 1) * 1000));
});

test("a control line comes with exactly the bytes of a guest that prints one at a time, at length", async () => {
  const setup = await setUp();
  const com1 = await setup.connect("com1");
  const control = await setup.connect("control");
  await setup.recording.connected;
  for (let round = 1; round <= 5; round++) {
    for (let byte = 0; byte < 100; byte++) await new Promise((resolve) => com1.write("x", resolve));
    control.write(`{"event":"${round}"}\n`);
    await vi.waitFor(() => expect(setup.control.length).toBe(round));
  }
  com1.end();
  control.end();
  await setup.recording.finished;
  expect(setup.control.map((line) => line.offsets.com1)).toEqual([100, 200, 300, 400, 500]);
  expect(log(setup).length).toBe(500);
});

test("a loop in the test neither stalls the sender nor loses a byte", async () => {
  const setup = await setUp();
  await setup.connect("control");
  const sender = `
    const socket = require("node:net").connect(${JSON.stringify(join(setup.dir, "com1"))});
    const block = Buffer.alloc(1 << 20, "0123456789abcdef");
    for (let i = 0; i < 32; i++) socket.write(block);
    socket.end(() => process.exit(0));
  `;
  const { spawn } = await import("node:child_process");
  const child = spawn(process.execPath, ["-e", sender]);
  // Our loop is blocked until everything is there; how long that takes is the host's affair.
  const started = performance.now();
  const size = () => statSync(join(setup.dir, "com1.log")).size;
  while (size() < 32 * 2 ** 20 && performance.now() < started + 60_000);
  const bytes = log(setup);
  expect(bytes.length).toBe(32 * 2 ** 20);
  const whole = createHash("sha256");
  for (let i = 0; i < 32; i++) whole.update(Buffer.alloc(1 << 20, "0123456789abcdef"));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(whole.digest("hex"));
  child.kill();
  await setup.recording.close();
});

test("a disk that is full is a fault that names the first byte lost, and the sender goes on", async () => {
  const { symlinkSync } = await import("node:fs");
  const dir = mkdtempSync(join(tmpdir(), "petri-recording-"));
  symlinkSync("/dev/full", join(dir, "com1.log"));
  const faults: string[] = [];
  const recording = await startRecording({
    clockStart: process.hrtime.bigint(),
    traceDir: dir,
    consoles: { com1: join(dir, "com1") },
    control: join(dir, "control"),
  });
  recording.listen({ onBytes: () => {}, onControl: () => {}, onFault: (error) => faults.push(error.message) });
  const com1 = connect(join(dir, "com1"));
  const control = connect(join(dir, "control"));
  await recording.connected;
  await new Promise<void>((resolve) => com1.end("x".repeat(5_000_000), () => resolve()));
  control.end();
  await recording.finished;
  expect(faults).toEqual([
    `the trace in ${dir} cannot be written: keeping the bytes of com1 from offset 0 on failed (ENOSPC).\nThe disk is full: remove old results with \`petri clean\`, or choose a results folder on another disk.`,
  ]);
});

test("a record that cannot be written is one fault; bytes and control lines go on", async () => {
  const { symlinkSync } = await import("node:fs");
  const setup = await setUp((dir) => symlinkSync("/dev/full", join(dir, "events.jsonl")));
  const com1 = await setup.connect("com1");
  const control = await setup.connect("control");
  await setup.recording.connected;
  setup.recording.write("com1", Buffer.from("typed"));
  com1.end("printed");
  control.end('{"event":"STOP"}\n');
  await setup.recording.finished;
  expect(log(setup).toString()).toBe("printed");
  expect(setup.control).toMatchObject([{ line: '{"event":"STOP"}', offsets: { com1: 7 } }]);
  expect(setup.faults.map((error) => error.message)).toEqual([
    expect.stringMatching(/^the trace in .* cannot be written: writing to events\.jsonl failed \(ENOSPC\)/),
  ]);
});

test("a control line may be cut anywhere, inside a character too", async () => {
  const setup = await setUp();
  const com1 = await setup.connect("com1");
  const control = await setup.connect("control");
  await setup.recording.connected;
  const bytes = Buffer.from('{"return":{"lines":["é ▒"]}}\n');
  const cut = bytes.indexOf(0xc3) + 1;
  await new Promise((resolve) => control.write(bytes.subarray(0, cut), resolve));
  // What the control socket held is read by the time a later byte of another one is.
  com1.write("x");
  await vi.waitFor(() => expect(setup.ends()).toBe(1));
  control.end(bytes.subarray(cut));
  com1.end();
  await setup.recording.finished;
  expect(setup.control.map(({ line }) => line)).toEqual(['{"return":{"lines":["é ▒"]}}']);
});

test("a socket that cannot be made is a HostError, and nothing is left listening", async () => {
  const dir = mkdtempSync(join(tmpdir(), "petri-recording-"));
  await expect(
    startRecording({
      clockStart: process.hrtime.bigint(),
      traceDir: dir,
      consoles: { com1: join(dir, "no", "such", "folder") },
      control: join(dir, "control"),
    }),
  ).rejects.toThrow(/^cannot listen on .*no\/such\/folder/);
});

test("a second client is turned away", async () => {
  const setup = await setUp();
  await setup.connect("com1");
  await expect(
    new Promise((_, reject) =>
      connect(join(setup.dir, "com1"))
        .on("error", reject)
        .on("close", () => reject(new Error("closed"))),
    ),
  ).rejects.toThrow();
  await setup.recording.close();
});

test("a secret reaches the guest, and only its length the trace", async () => {
  const setup = await setUp();
  const com1 = await setup.connect("com1");
  const control = await setup.connect("control");
  await setup.recording.connected;
  const seen = new Promise<string>((resolve) => com1.once("data", (bytes) => resolve(bytes.toString())));
  setup.recording.write("com1", Buffer.from("hunter2\r"), true);
  expect(await seen).toBe("hunter2\r");
  com1.end();
  control.end();
  await setup.recording.finished;
  const text = readFileSync(join(setup.dir, "events.jsonl"), "utf8");
  expect(text).toContain('"hidden":8');
  expect(text).not.toContain("hunter2");
});

test("what a guest said before it fell silent has its time on disk, while nothing else comes", async () => {
  const setup = await setUp();
  const com1 = await setup.connect("com1");
  await setup.connect("control");
  await setup.recording.connected;
  for (const words of ["last words", "really the last"]) {
    const before = events(setup).length;
    com1.write(words);
    await vi.waitFor(() => expect(events(setup).slice(before)).toMatchObject([{ length: words.length }]));
  }
  const chunks = events(setup).filter(({ kind }) => kind === "console");
  expect(chunks.map(({ offset, length }) => [offset, length])).toEqual([
    [0, 10],
    [10, 15],
  ]);
  await setup.recording.close();
  expect(events(setup).filter(({ kind }) => kind === "console")).toEqual(chunks);
});

test("bytes are announced with the time they came, whenever the listener hears of it", async () => {
  const setup = await setUp();
  const com1 = await setup.connect("com1");
  await setup.connect("control");
  await setup.recording.connected;
  const heard: [end: number, at: number][] = [];
  setup.recording.listen({ onBytes: (_, end, at) => heard.push([end, at]), onControl: () => {}, onFault: () => {} });
  com1.write("one");
  // The kernel has it once the log has; our own loop is busy meanwhile.
  const busy = (bytes: number) => {
    while (log(setup).length < bytes);
  };
  await new Promise((resolve) => com1.write("", resolve));
  busy(3);
  const until = performance.now() + 300;
  while (performance.now() < until);
  await vi.waitFor(() => expect(heard.at(-1)?.[0]).toBe(3));
  const [, at = 0] = heard[0] ?? [];
  const chunk = events(setup).find(({ kind }) => kind === "console") as unknown as { t: number };
  expect(at).toBeCloseTo(chunk.t, -7);
  await setup.recording.close();
});

/** Reads what a pipe holds. */
function drain(fd: number): void {
  try {
    while (readSync(fd, Buffer.alloc(2 ** 16)) > 0);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
  }
}

// The recorder is kept busy by a log that takes nothing more, while the VMM speaks: then its sockets are ready at once,
// the control channel first.
test.runIf(process.platform === "linux")(
  "a control line that is read before the bytes sent ahead of it still comes with them",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "petri-recording-"));
    const log = join(dir, "com2.log");
    makeFifo(log);
    const reader = openSync(log, constants.O_RDONLY | constants.O_NONBLOCK);
    const recording = await startRecording({
      clockStart: process.hrtime.bigint(),
      traceDir: dir,
      consoles: { com1: join(dir, "com1"), com2: join(dir, "com2") },
      control: join(dir, "control"),
    });
    const lines: ControlLine[] = [];
    recording.listen({ onBytes: () => {}, onFault: () => {}, onControl: (line) => lines.push(line) });
    const open = (name: string) =>
      new Promise<Socket>((resolve) => {
        const socket = connect(join(dir, name), () => resolve(socket));
      });
    const [com1, com2, control] = await Promise.all([open("com1"), open("com2"), open("control")]);
    await recording.connected;
    const sent = (socket: Socket, text: string) => new Promise((resolve) => socket.write(text, resolve));
    // More than a pipe holds (pipe(7)): in one turn the thread takes it, and stands in its write until we read.
    com2.end(Buffer.alloc(200_000));
    await vi.waitFor(() => expect(readSync(reader, Buffer.alloc(1))).toBe(1));
    await sent(control, '{"event":');
    await sent(com1, "x".repeat(1000));
    await sent(control, '"STOP"}\n');
    await vi.waitFor(() => {
      drain(reader);
      expect(lines).toMatchObject([{ line: '{"event":"STOP"}', offsets: { com1: 1000 } }]);
    });
    com1.end();
    control.end();
    let isOver = false;
    void recording.finished.then(() => {
      isOver = true;
    });
    await vi.waitFor(() => {
      drain(reader);
      expect(isOver).toBe(true);
    });
    closeSync(reader);
  },
);

test("chunks of any size are kept to their last byte", async () => {
  const setup = await setUp();
  const com1 = await setup.connect("com1");
  const control = await setup.connect("control");
  await setup.recording.connected;
  const all: Buffer[] = [];
  // About the sizes at which reads, pipes and sockets are cut: 4 KiB, 64 KiB, 208 KiB.
  for (const size of [1, 4096, 60_001, 65_535, 65_536, 65_537, 70_000, 131_072, 212_992, 300_001]) {
    const bytes = Buffer.alloc(size, `${size}:`);
    bytes[size - 1] = 0x21;
    all.push(bytes);
    await new Promise((resolve) => com1.write(bytes, resolve));
    const sum = all.reduce((total, each) => total + each.length, 0);
    await vi.waitFor(() => expect(setup.ends()).toBe(sum), { timeout: 10_000 });
  }
  com1.end();
  control.end();
  await setup.recording.finished;
  expect(log(setup).equals(Buffer.concat(all))).toBe(true);
});
