import { expect, test } from "vitest";
import { armCommand, hangCommand } from "./watchdog-command.ts";

test.each([
  ["i6300esb", "2s", "watchdog arm 2 i6300esb"],
  ["wdat", 1, "watchdog arm 1 wdat"],
  ["itco", "1227s", "watchdog arm 1227 itco"],
  ["i6300esb", 2001, "watchdog arm 3 i6300esb"],
  ["ib700", "0.5m", "watchdog arm 30 ib700"],
] as const)("%s for %s is %s", (watchdog, time, line) => {
  expect(armCommand(watchdog, time)).toBe(line);
});

test("a guest that is to hang arms the watchdog in the same line: typed later, the second one might come too late", () => {
  expect(hangCommand("ib700", "busy", "30s")).toBe("hang busy 30 ib700");
  expect(() => hangCommand("ib700", "quiet", "31s")).toThrow("takes at most 30 s");
});

test("what cannot be armed is refused with what to write instead", () => {
  const refusal = (...args: Parameters<typeof armCommand>) => {
    try {
      return armCommand(...args);
    } catch (error) {
      return String(error);
    }
  };
  expect([
    refusal(undefined, "2s"),
    refusal("itco", "1228s"),
    refusal("wdat", "soon"),
    refusal("ib700", 0),
    refusal("i6300esb", Number.NaN),
    refusal("ib700", "31s"),
    refusal("i6300esb", "1h"),
  ]).toMatchInlineSnapshot(`
    [
      "UsageError: the machine has no watchdog to arm: give it one by machine: { watchdog: "any" }",
      "UsageError: the watchdog itco takes at most 1227 s, not 1228 s",
      "UsageError: a watchdog cannot be armed with "soon": write milliseconds, or a number with ms, s, m or h, such as 250ms or 5s",
      "UsageError: a watchdog cannot be armed with "0": write milliseconds, or a number with ms, s, m or h, such as 250ms or 5s",
      "UsageError: a watchdog cannot be armed with "NaN": write milliseconds, or a number with ms, s, m or h, such as 250ms or 5s",
      "UsageError: the watchdog ib700 takes at most 30 s, not 31 s",
      "UsageError: the watchdog i6300esb takes at most 2047 s, not 3600 s",
    ]
  `);
});
