import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { newFolder, petri } from "./test/run-petri.ts";

// script(1) of util-linux gives a terminal to what it runs, and relays its own stdin and stdout to it.
const script = ["/usr/bin/script", "/bin/script"].find((path) => existsSync(path));

/** petri in a terminal, between two looks at the terminal's settings. */
function inTerminal(options: string) {
  const cwd = newFolder();
  const boot = `'${process.execPath}' '${petri}' boot --image petri-guest --vmm v86 ${options}`;
  const running = execa(script ?? "script", ["-qec", `stty -g; ${boot}; echo "exit code $?"; stty -g`, "/dev/null"], {
    cwd,
    reject: false,
    env: { PETRI_RESULTS: join(cwd, "results"), TERM: "xterm", NO_COLOR: "1", npm_command: "", CI: "1" },
  });
  onTestFinished(() => void running.kill());
  let shown = "";
  running.stdout.on("data", (bytes: Buffer) => {
    shown += bytes.toString();
  });
  return {
    type: (keys: string) => running.stdin.write(keys),
    until: (text: string) => expect.poll(() => shown, { timeout: 10_000, interval: 20 }).toContain(text),
    /** What the terminal showed, without the two lines of its settings, which must be the same. */
    async end() {
      await running;
      const lines = shown.trimEnd().split("\r\n");
      expect(lines.at(-1)).toBe(lines[0]);
      return lines.slice(1, -1).join("\n");
    },
  };
}

test.runIf(script)("the console is the user's until the escape key; the terminal is given back", async () => {
  const terminal = inTerminal("");
  await terminal.until("petri-guest ready");
  terminal.type("echo typed\r");
  await terminal.until("ok typed");
  terminal.type("\x1dr");
  await terminal.until("[petri: the guest was reset]");
  terminal.type("\x1d?");
  await terminal.until("Ctrl-] then: q quits");
  terminal.type("\x1dq");
  expect(await terminal.end()).toContain("exit code 0");
});

test.runIf(script)("a guest that powers off stays until the user leaves; Ctrl-C then leaves", async () => {
  const terminal = inTerminal("");
  await terminal.until("petri-guest ready");
  terminal.type("shutdown\r");
  await terminal.until("[petri: the guest powered off (acpi-s5)");
  await terminal.until("; Ctrl-] r starts it again, Ctrl-] q quits]");
  terminal.type("x");
  await terminal.until("[petri: the guest is halted; Ctrl-] r starts it again, Ctrl-] q quits]");
  terminal.type("\x03");
  expect(await terminal.end()).toContain("exit code 0");
});

test.runIf(script)("an exit action ends it with its code", async () => {
  const terminal = inTerminal("--guest-shutdown-action exit:9");
  await terminal.until("petri-guest ready");
  terminal.type("shutdown\r");
  expect(await terminal.end()).toContain("exit code 9");
});

test.runIf(script)("started paused, it prints nothing until it is resumed", async () => {
  const terminal = inTerminal("--paused");
  await terminal.until("Ctrl-] then q quits]");
  terminal.type("x");
  await terminal.until("[petri: the guest is paused; Ctrl-] p resumes, Ctrl-] q quits]");
  terminal.type("\x1dp");
  await terminal.until("petri-guest ready");
  terminal.type("\x1dq");
  const shown = await terminal.end();
  expect(shown.indexOf("the guest is paused")).toBeLessThan(shown.indexOf("petri-guest ready"));
});
