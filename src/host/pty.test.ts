import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { spawnProcess } from "./process.ts";
import type { Terminal } from "./pty.ts";

const folder = () => mkdtempSync(join(tmpdir(), "petri-pty-"));

/** What the terminal has shown, once it matches. */
function shown(terminal: Terminal | undefined, pattern: RegExp): Promise<string> {
  let text = "";
  return new Promise((resolve) =>
    terminal?.onText((more) => {
      text += more;
      if (pattern.test(text)) resolve(text);
    }),
  );
}

test("a process has a terminal of ours, reads what is typed and shows what it prints", async () => {
  const dir = folder();
  const script = "test -t 0 && test -t 1 && echo is a terminal; read word; echo got $word; exit 7";
  const child = await spawnProcess("sh", ["-c", script], { runDir: dir, log: join(dir, "log"), hasTerminal: true });
  const text = shown(child.terminal, /got hello/);
  child.terminal?.write("hello\r");
  expect(await text).toMatch(/is a terminal\r\n(.*\r\n)*got hello/);
  expect(await child.ended).toEqual({ exitCode: 7, signal: null });
  // It is gone, and what is typed with it.
  child.terminal?.write("nobody reads this\r");
});

test("stderr goes to a socket, to its last byte, and ends with the process", async () => {
  const dir = folder();
  const path = join(dir, "errors");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const heard = new Promise<string>((resolve) =>
    server.once("connection", (socket: Socket) => {
      let text = "";
      socket.on("data", (bytes) => {
        text += bytes;
      });
      socket.once("end", () => resolve(text));
    }),
  );
  const child = await spawnProcess("sh", ["-c", "echo to stderr >&2; echo $WORD >&2; echo to stdout"], {
    ...{ runDir: dir, log: join(dir, "log"), stderrTo: path, env: { WORD: "of ours" } },
  });
  await child.ended;
  expect(await heard).toBe("to stderr\nof ours\n");
  expect(readFileSync(join(dir, "log"), "utf8")).toBe("to stdout\n");
  server.close();
});

test("where nobody listens for stderr, nothing is started", async () => {
  const dir = folder();
  const options = { runDir: dir, log: join(dir, "log"), stderrTo: join(dir, "nobody"), hasTerminal: true };
  await expect(spawnProcess("sh", ["-c", "true"], options)).rejects.toThrow(/^cannot connect to .*nobody/);
});
