import { expect, test } from "vitest";
import { CuEscape } from "./cu-escape.ts";
import { dialectOf, stopWords } from "./dialect.ts";
import { parseStatus } from "./status.ts";
import { Watcher } from "./watcher.ts";

const row = (pid?: number) => ({ id: 3, name: "t1", state: pid ? "running" : "stopped", ...(pid && { pid }) });
const look = (at = 0) => ({ at, status: undefined, said: "" });

test("the table is read by its heading, of every release", () => {
  const newer = [
    "   ID   PID VCPUS  MAXMEM  CURMEM     TTY        OWNER    STATE NAME",
    "    3 41234     1    1.0G    512M   ttyp5        wheel  running t1",
    "    1     -     1    512M       -       -    syzkaller  stopped syzkaller",
  ].join("\n");
  expect(parseStatus(newer)).toEqual([
    { id: 3, pid: 41234, tty: "ttyp5", state: "running", name: "t1" },
    { id: 1, state: "stopped", name: "syzkaller" },
  ]);
  const older = [
    "   ID   PID VCPUS  MAXMEM  CURMEM     TTY        OWNER NAME",
    "    1     -     1    512M       -       -    syzkaller syzkaller",
  ].join("\n");
  expect(parseStatus(older)).toEqual([{ id: 1, name: "syzkaller" }]);
  expect(parseStatus(newer.split("\n")[0] ?? "")).toEqual([]);
  expect(() => parseStatus("vmctl: something else")).toThrow("vmctl status said: vmctl: something else");
  expect(() => parseStatus("")).toThrow("vmctl status said: ");
});

test("another process is a restart, and no row is an end", () => {
  const watcher = new Watcher();
  expect(watcher.look(undefined, look())).toBeUndefined();
  expect(watcher.look(row(10), look())).toBeUndefined();
  expect(watcher.look(row(10), look())).toBeUndefined();
  expect(watcher.look(row(11), look())).toEqual({
    what: "restarted",
    evidence: ["vmctl status: the VM's process 10 became 11"],
  });
  expect(watcher.look(undefined, look())).toEqual({ what: "ended", evidence: ["vmctl status: the VM is gone"] });
});

test("a VM of vm.conf stays, stopped, when it has ended", () => {
  const watcher = new Watcher();
  watcher.look(row(10), look());
  expect(watcher.look(row(), look())).toEqual({ what: "ended", evidence: ["vmctl status: the VM is stopped"] });
});

test("a vmctl that failed has started nothing; one whose console ended in order had a VM that nobody saw", () => {
  const said = "vmctl: could not open disk image(s)";
  expect(new Watcher().look(undefined, { at: 0, status: 1, said })).toEqual({
    what: "error",
    evidence: ["vmctl did not start the VM", said],
  });
  expect(new Watcher().look(undefined, { at: 0, status: 0, said: "" })).toMatchObject({ what: "ended" });
});

test.each([
  ["four restarts, each within 6 s: vmd has given the guest up", [0, 5_999, 11_000, 15_000, 20_000], "error"],
  ["one of them after 6 s", [0, 6_001, 12_002, 13_000, 14_000], "ended"],
  ["three restarts only", [0, 1_000, 2_000, 3_000], "ended"],
])("%s", (_, times, what) => {
  const watcher = new Watcher();
  for (const [index, at] of times.slice(0, -1).entries()) watcher.look(row(10 + index), look(at));
  expect(watcher.look(undefined, look(times.at(-1)))).toMatchObject({ what });
});

test("a tilde that cu would take for itself is doubled, wherever the pieces are cut", () => {
  const text = "~.\n~~ a~b\r~\nc";
  const whole = Buffer.from(new CuEscape().encode(Buffer.from(text))).toString();
  expect(whole).toBe("~~.\n~~~ a~b\r~~\nc");
  for (let at = 0; at <= text.length; at++) {
    const typed = new CuEscape();
    const pieces = [text.slice(0, at), text.slice(at)].map((piece) => typed.encode(Buffer.from(piece)));
    expect(Buffer.concat(pieces).toString()).toBe(whole);
  }
});

test("each release is spoken to in its own words", () => {
  expect(["6.3", "6.4", "6.5", "6.6", "7.6"].map((version) => stopWords(version, "t1").join(" "))).toEqual([
    "stop t1",
    "stop t1 -f -w",
    "stop t1 -f -w",
    "stop -f -w t1",
    "stop -f -w t1",
  ]);
  expect(["6.4", "6.5"].map((version) => dialectOf(version).hasOverlays)).toEqual([false, true]);
});
