import { expect, test } from "vitest";
import { checkMachine, parseMachine } from "./validate.ts";

const boot = { kind: "uefi" } as const;

test("the clock chip shows UTC, the host's own time or a date", () => {
  expect(parseMachine({ boot }).rtc).toBe("utc");
  for (const rtc of ["localtime", "2024-02-29T23:59:59"]) expect(parseMachine({ boot, rtc }).rtc).toBe(rtc);
});

test.each(["now", "2031-04-05", "2023-02-29T00:00:00", "2031-04-05T24:00:00", "2131-01-01T00:00:00"])(
  "%s is refused with what is accepted",
  (rtc) => {
    expect(checkMachine({ boot, rtc }).problems).toEqual([
      {
        path: ["rtc"],
        message: `"${rtc}" is not accepted: write utc, localtime or a date of the guest's first moment, such as "2031-04-05T06:07:08"`,
      },
    ]);
  },
);
