import { expect, test } from "vitest";
import { readLogLine } from "./log.ts";
import { Repl } from "./repl.ts";

function setUp() {
  const typed: string[] = [];
  const noted: string[] = [];
  let show: (text: string) => void = () => {};
  const terminal = {
    write: (text: string) => void typed.push(text),
    onText(listener: (text: string) => void) {
      show = listener;
    },
  };
  const repl = new Repl(terminal, (line) => noted.push(line));
  const log = (message: string, level = "INFO") => {
    const read = readLogLine({ line: `1.2s ${level.padStart(5)} openvmm_entry::repl: ${message}`, at: 0, offsets: {} });
    if (read) repl.take(read);
  };
  return { repl, typed, noted, log, show: (text: string) => show(text) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("it waits for the prompt, which may come in pieces", async () => {
  const { repl, show } = setUp();
  let isReady = false;
  void repl.prompted.then(() => {
    isReady = true;
  });
  show("starting\r\nopen");
  await turn();
  expect(isReady).toBe(false);
  show("vmm> ");
  await repl.prompted;
});

test("one command at a time, each until the log says that it is done", async () => {
  const { repl, typed, noted, log } = setUp();
  const done: string[] = [];
  const [resume, reset] = [repl.run("resume"), repl.run("reset")];
  void resume.then(() => done.push("resume"));
  void reset.then(() => done.push("reset"));
  await turn();
  expect(typed).toEqual(["resume\r"]);
  log("reset complete");
  await turn();
  expect(done).toEqual([]);
  log("resumed complete");
  await turn();
  expect(typed).toEqual(["resume\r", "reset\r"]);
  log("reset complete");
  await reset;
  expect(done).toEqual(["resume", "reset"]);
  expect(noted).toEqual(["resume", "reset"]);
});

test("what is so already is done", async () => {
  const { repl, log } = setUp();
  const pause = repl.run("pause");
  await turn();
  log("already paused", "WARN");
  await pause;
});

test("a command that fails rejects with what the log says, and the next one is tried", async () => {
  const { repl, log } = setUp();
  const reset = repl.run("reset");
  const failed = expect(reset).rejects.toThrow("OpenVMM did not reset: 1.2s ERROR openvmm_entry::repl: reset failed");
  await turn();
  log("reset failed error=no", "ERROR");
  await failed;
  const resume = repl.run("resume");
  await turn();
  log("resumed complete");
  await resume;
});

test("commands end with the VMM", async () => {
  const { repl } = setUp();
  const why = new Error("OpenVMM ended");
  const [first, second] = [repl.run("resume"), repl.run("reset")];
  const both = Promise.all([expect(first).rejects.toBe(why), expect(second).rejects.toBe(why)]);
  await turn();
  repl.close(why);
  await both;
  await expect(repl.run("pause")).rejects.toBe(why);
});
