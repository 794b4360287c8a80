import { expect, test } from "vitest";
import { getopt } from "./getopt.ts";

test("clusters, glued values, the first word that is none, and --", () => {
  expect(getopt(["-Hwl", "bootrom,x", "-s3,a", "-c", "2", "vm", "-x"], "Hwl:s:c:x")).toEqual({
    options: [
      { letter: "H" },
      { letter: "w" },
      { letter: "l", value: "bootrom,x" },
      { letter: "s", value: "3,a" },
      { letter: "c", value: "2" },
    ],
    rest: ["vm", "-x"],
  });
  expect(getopt(["-H", "--", "-x"], "Hx")).toEqual({ options: [{ letter: "H" }], rest: ["-x"] });
  expect(getopt(["-"], "H").rest).toEqual(["-"]);
});

test("what getopt(3) complains of", () => {
  expect(getopt(["-Z"], "H").problem).toBe("unknown option -- Z");
  expect(getopt(["-c"], "c:").problem).toBe("option requires an argument -- c");
  expect(getopt(["--vm=x"], "c:").problem).toBe("unknown option -- -");
});
