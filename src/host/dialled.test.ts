import { mkdtempSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ControlLine, startRecording } from "./recording.ts";

/** A recording of a VMM that listens on its console, and whose log is the control channel. */
async function setUp() {
  const dir = mkdtempSync(join(tmpdir(), "petri-dialled-"));
  const paths = { com1: join(dir, "com1"), control: join(dir, "control"), log: join(dir, "vmm.log") };
  const recording = await startRecording({
    ...{ clockStart: process.hrtime.bigint(), traceDir: dir, consoles: { com1: paths.com1 }, dialled: ["com1"] },
    ...{ control: paths.control, controlLog: paths.log },
  });
  const control: ControlLine[] = [];
  const faults: Error[] = [];
  recording.listen({
    onBytes: () => {},
    onControl: (line) => control.push(line),
    onFault: (error) => faults.push(error),
  });
  const log = await new Promise<Socket>((resolve) => {
    const socket = connect(paths.control, () => resolve(socket)).on("error", () => {});
  });
  const listen = () =>
    new Promise<{ client: Promise<Socket> }>((resolve) => {
      const server = createServer();
      const client = new Promise<Socket>((came) =>
        server.once("connection", (socket) => {
          server.close();
          came(socket);
        }),
      );
      server.listen(paths.com1, () => resolve({ client }));
    });
  return { dir, recording, control, faults, log, listen, com1: paths.com1 };
}

test("a console on which the VMM listens is dialled, and recorded as any other", async () => {
  const { dir, recording, control, log, listen } = await setUp();
  const { client } = await listen();
  recording.dial();
  const console = await client;
  await recording.connected;
  console.write("printed before\n", () => log.write("1.000s  INFO it said so\n"));
  await expect.poll(() => control).toMatchObject([{ line: "1.000s  INFO it said so", offsets: { com1: 15 } }]);
  const typed = new Promise((resolve) => console.once("data", (bytes) => resolve(bytes.toString())));
  recording.write("com1", Buffer.from("typed"));
  expect(await typed).toBe("typed");
  console.end();
  log.end();
  await recording.finished;
  expect(readFileSync(join(dir, "com1.log"), "utf8")).toBe("printed before\n");
});

test("what comes on the control channel is kept in a file, and what is said is only recorded", async () => {
  const { dir, recording, log } = await setUp();
  let heard = "";
  log.on("data", (bytes) => {
    heard += bytes;
  });
  recording.control("resume");
  log.end("error: half a line");
  await recording.finished;
  expect(heard).toBe("");
  expect(readFileSync(join(dir, "vmm.log"), "utf8")).toBe("error: half a line");
  expect(readFileSync(join(dir, "events.jsonl"), "utf8")).toMatch(/"direction":"out","line":"resume"/);
});

test("a VMM that is gone before it was dialled ends the recording", async () => {
  const { recording, log } = await setUp();
  log.end("fatal error: no kernel\n");
  await recording.finished;
});

test("a console on which nobody listens is a fault that names it", async () => {
  const { recording, faults, com1 } = await setUp();
  recording.dial();
  await expect(recording.connected).rejects.toThrow(`cannot connect to ${com1}: connect ENOENT`);
  await recording.finished;
  expect(faults).toHaveLength(1);
});
