import { expect, test } from "vitest";
import { readEnd } from "./ended.ts";

// As busybox 1.35's time(1) writes it.
test("an exit that looks like a signal's is none", () => {
  expect(readEnd("exited 0\ncopied 0 0\n")).toEqual({ exitCode: 0, lost: [] });
  const exited = "Command exited with non-zero status 137\nexited 137\ncopied 0 0\n";
  expect(readEnd(exited)).toEqual({ exitCode: 137, lost: [] });
  const killed = "Command terminated by signal 9\nexited 0\ncopied 0 0\n";
  expect(readEnd(killed)).toEqual({ exitCode: 137, signal: 9, lost: [] });
});

test("output that could not be kept is told", () => {
  expect(readEnd("exited 0\ncopied 1 0\n")?.lost).toEqual(["stdout"]);
  expect(readEnd("exited 0\ncopied 137 1\n")?.lost).toEqual(["stdout", "stderr"]);
});

test.each(["", "exited 0\n", "exited \ncopied 0 0\n", "exited 0\ncopied 0 0\nmore", "x\nexited 0\ncopied 0 0\n"])(
  "%j is no end",
  (text) => {
    expect(readEnd(text)).toBeUndefined();
  },
);
