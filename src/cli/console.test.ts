import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { newFolder, petri, runPetri } from "./test/run-petri.ts";

/** A trace in which the guest printed these at these seconds. */
function recordedTrace(cwd: string, pieces: readonly (readonly [seconds: number, text: string])[]): string {
  const dir = join(cwd, "trace");
  mkdirSync(dir);
  const events: object[] = [{ t: 0, kind: "start", version: 1, startedAt: "2026-01-01T00:00:00.000Z" }];
  let offset = 0;
  for (const [seconds, text] of pieces) {
    const length = Buffer.byteLength(text, "latin1");
    events.push({ t: seconds * 1e9, kind: "console", console: "com1", offset, length });
    offset += length;
  }
  writeFileSync(join(dir, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  writeFileSync(join(dir, "com1.log"), pieces.map(([, text]) => text).join(""), "latin1");
  return dir;
}

test("into a pipe it is plain text, at once, with every byte of the log", async () => {
  const cwd = newFolder();
  const dir = recordedTrace(cwd, [
    [1, "\x1b]0;owned\x07\x1b[31mred\x1b[0m\r\n"],
    [3600, "la"],
  ]);
  // Written, but the harness was killed before its event was.
  appendFileSync(join(dir, "com1.log"), "st\n");
  const { exitCode, stdout } = await runPetri(cwd, ["console", "trace"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "red\nlast\n" });
});

test("an asciicast, into a file or to stdout", async () => {
  const cwd = newFolder();
  recordedTrace(cwd, [[1.5, "hi\r\n"]]);
  const { stdout } = await runPetri(cwd, ["console", "trace", "--asciicast", "-"]);
  expect(stdout).toMatchInlineSnapshot(`
    "{"version":2,"width":80,"height":25,"timestamp":1767225600,"title":"com1"}
    [1.5,"o","hi\\r\\n"]
    "
  `);
  expect(await runPetri(cwd, ["console", "trace", "--asciicast", "boot.cast"])).toMatchObject({
    exitCode: 0,
    stdout: "",
  });
  expect(readFileSync(join(cwd, "boot.cast"), "utf8")).toBe(stdout);
  const failed = await runPetri(cwd, ["console", "trace", "--asciicast", "no/such/folder.cast"]);
  expect(failed).toMatchObject({ exitCode: 71, stderr: expect.stringContaining("cannot write no/such/folder.cast") });
});

test("every mistake is told at once", async () => {
  const cwd = newFolder();
  recordedTrace(cwd, [[1, "x"]]);
  const wrong = await runPetri(cwd, ["console", "trace", "--speed", "0", "--at", "3", "--idle", "long"]);
  expect(wrong).toMatchObject({ exitCode: 64, stdout: "" });
  for (const option of ["--speed 0", "--at 3", "--idle long"]) expect(wrong.stderr).toContain(option);
  const other = await runPetri(cwd, ["console", "trace", "--console", "com2"]);
  expect(other).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("--console com2: trace holds only com1"),
  });
  expect(await runPetri(cwd, ["console", "nowhere"])).toMatchObject({ exitCode: 64 });
});

// script(1) of util-linux gives a terminal to what it runs, and relays its own stdin and stdout to it.
const script = ["/usr/bin/script", "/bin/script"].find((path) => existsSync(path));

function inTerminal(cwd: string, options: string) {
  const command = `stty -g; '${process.execPath}' '${petri}' console trace ${options}; echo "exit code $?"; stty -g`;
  const running = execa(script ?? "script", ["-qec", command, "/dev/null"], {
    ...{ cwd, reject: false },
    env: { TERM: "xterm", NO_COLOR: "1", npm_command: "" },
  });
  onTestFinished(() => void running.kill());
  let shown = "";
  running.stdout.on("data", (bytes: Buffer) => {
    shown += bytes.toString();
  });
  return {
    type: (keys: string) => running.stdin.write(keys),
    until: (text: string) => expect.poll(() => shown, { timeout: 10_000, interval: 20 }).toContain(text),
    async end() {
      await running;
      const lines = shown.trimEnd().split("\r\n");
      expect(lines.at(-1), "the terminal's settings").toBe(lines[0]);
      return lines.slice(1, -1).join("\n");
    },
  };
}

test.runIf(script)("in a terminal it plays to the end, filtered, and gives the terminal back", async () => {
  const cwd = newFolder();
  recordedTrace(cwd, [
    [0.1, "\x1b]52;c;eA==\x07\x1b[31mred\x1b[?25l"],
    [3600, "end"],
  ]);
  const shown = await inTerminal(cwd, "--idle 100ms").end();
  expect(shown).toBe("\x1b[31mred\x1b[?25lend\x1b[?25h\x1b[0m\n[petri: the end of com1 at 60 min]\nexit code 0");
});

test.runIf(script)("space pauses it; q and Ctrl-C leave, with 0", async () => {
  const cwd = newFolder();
  recordedTrace(cwd, [
    [0, "first"],
    [3600, "never"],
  ]);
  for (const key of [" q", "\x03"]) {
    const terminal = inTerminal(cwd, "--idle 1h");
    await terminal.until("first");
    terminal.type(key);
    expect(await terminal.end()).toBe("first\n[petri: left at 0 ms]\nexit code 0");
  }
});
