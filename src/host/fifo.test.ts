import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { makeFifo } from "./fifo.ts";
import { localHost } from "./local.ts";
import { startRecording } from "./recording.ts";

test("a pipe that cannot be made is said so", () => {
  expect(() => makeFifo("/nowhere/at/all")).toThrow(/the pipe \/nowhere\/at\/all cannot be made: errno 2/);
});

/** A recording of one console on pipes, whose VMM has opened them, and the offsets that its control lines came with. */
async function recordPipes() {
  const dir = mkdtempSync(join(tmpdir(), "petri-fifo-"));
  const [com1, control] = [join(dir, "com1"), join(dir, "control")];
  const clockStart = process.hrtime.bigint();
  const recording = await startRecording({
    ...{ clockStart, traceDir: dir, consoles: { com1 }, fifos: ["com1"], control },
  });
  const offsets: (number | undefined)[] = [];
  recording.listen({ onBytes: () => {}, onControl: (line) => offsets.push(line.offsets.com1), onFault: () => {} });
  // As QEMU opens them (chardev/char-pipe.c).
  const flags = constants.O_RDWR | constants.O_NONBLOCK;
  const [out, input] = [openSync(`${com1}.out`, flags), openSync(`${com1}.in`, flags)];
  const socket = connect(control);
  await recording.connected;
  const end = async () => {
    closeSync(out);
    closeSync(input);
    socket.destroy();
    await recording.finished;
  };
  return { dir, recording, out, input, socket, offsets, end };
}

test.runIf(localHost.hasFifos)(
  "a console on pipes takes a UART's bytes one by one, and ends with its VMM",
  async () => {
    const { dir, recording, out, input, end } = await recordPipes();
    // More than a Unix socket would hold of them (278), less than a pipe (65,536): none may be refused, even if the
    // recorder does not come to read meanwhile.
    const text = "0123456789abcde\n".repeat(3750);
    for (const char of text) writeSync(out, char);
    recording.write("com1", Buffer.from("hello\n"));
    const received = Buffer.alloc(100);
    const length = await vi.waitFor(() => readSync(input, received));
    expect(received.toString("latin1", 0, length)).toBe("hello\n");

    await end();
    expect(readFileSync(join(dir, "com1.log"), "latin1")).toBe(text);
  },
);

test.runIf(localHost.hasFifos)(
  "a control line comes with every byte of a UART that prints at length, whose pipe is read now and then",
  async () => {
    const { out, socket, offsets, end } = await recordPipes();
    const bytes = 600;
    for (let round = 1; round <= 10; round++) {
      for (let byte = 0; byte < bytes; byte++) {
        writeSync(out, "x");
        // A UART takes its time: else the recorder would find many bytes at once, and not begin to wait for more.
        const next = performance.now() + 0.1;
        while (performance.now() < next);
      }
      socket.write('{"event":"STOP"}\n');
      await vi.waitFor(() => expect(offsets.length).toBe(round));
    }
    await end();
    expect(offsets).toEqual(Array.from({ length: 10 }, (_, round) => (round + 1) * bytes));
  },
);
