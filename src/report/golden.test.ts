import { expect, test } from "vitest";
import { renderAnnotations } from "./annotations.ts";
import { renderJson } from "./json.ts";
import { renderJunit } from "./junit.ts";
import type { RunResult, TestResult } from "./model.ts";
import { renderSummary } from "./summary.ts";
import { renderTap } from "./tap.ts";
import { renderTerminal, terminalLine } from "./terminal.ts";

function result(title: string, cell: string, rest: Partial<TestResult> = {}): TestResult {
  const [vmm = "", boot = "", image = "", accelerator] = cell.split(" ");
  return {
    name: `${title} [${cell}]`,
    title,
    file: "petri-tests/power.test.ts",
    suite: [],
    cell: { vmm, boot, image, ...(accelerator !== undefined && { accelerator }) },
    outcome: "passed",
    durationMs: 812,
    attempts: 1,
    failures: [],
    traces: [],
    ...rest,
  };
}

const noUefi = "v86 has no UEFI firmware: use --vmm qemu";

const ordinary: RunResult = {
  startedAt: "2026-11-21T04:16:57.000Z",
  durationMs: 83_412,
  interrupted: false,
  errors: [{ message: "--require openvmm: no test ran on openvmm\nopenvmm is not installed: see petri doctor" }],
  tests: [
    result("powers off cleanly", "qemu uefi petri-guest"),
    result("powers off cleanly", "qemu pcat petri-guest"),
    result("powers off cleanly", "qemu kernel petri-guest", {
      outcome: "flaky",
      attempts: 2,
      durationMs: 12_345,
      failures: [{ message: "expected com1 to print /login:/, nothing matched in 10s" }],
      traces: ["petri-results/20261121-041657Z-1a2b3c/powers-off-cleanly-60b15e5a/1-vm"],
    }),
    result("powers off cleanly", "v86 uefi petri-guest", { outcome: "skipped", skipReason: noUefi, durationMs: 0 }),
    result("powers off cleanly", "v86 pcat petri-guest", {
      outcome: "failed",
      attempts: 2,
      durationMs: 3100,
      failures: [
        {
          message:
            "expected the machine to power off, it reset (triple-fault) after 1.2s\n" +
            "last lines of com1:\n  petri-guest ready pcat 1\n  > shutdown\n" +
            "command: petri-v86 --machine /tmp/petri/1/machine.json --control /tmp/petri/1/control.sock",
          file: "petri-tests/power.test.ts",
          line: 12,
          column: 3,
        },
      ],
      traces: ["petri-results/20261121-041657Z-1a2b3c/powers-off-cleanly-833ba4aa/2-vm"],
    }),
    result("powers off cleanly", "v86 kernel petri-guest"),
    result("the watchdog resets a hung guest and nothing else does", "qemu pcat petri-guest", { suite: ["power"] }),
    result("the watchdog resets a hung guest and nothing else does", "v86 pcat petri-guest", {
      suite: ["power"],
      outcome: "skipped",
      skipReason: "v86 has no watchdog device",
      durationMs: 0,
    }),
    result("boots to a login prompt", "qemu uefi debian-12", { file: "petri-tests/boot.test.ts", durationMs: 65_000 }),
    result("boots to a login prompt", "v86 uefi debian-12", {
      file: "petri-tests/boot.test.ts",
      outcome: "skipped",
      skipReason: noUefi,
    }),
    result("runs the guest's own tests", "qemu kernel debian-cloud", {
      file: "petri-tests/guest.test.ts",
      outcome: "failed",
      failures: [
        {
          message: "the test ended and left a loose end: nobody looked at: ./selftest: 1 result failed: 2 writes",
          file: "petri-tests/guest.test.ts",
          line: 7,
        },
      ],
      taps: [
        {
          title: "./selftest",
          subtests: [
            {
              number: 1,
              name: "disk",
              outcome: "failed",
              subtests: [
                { number: 1, name: "reads", outcome: "passed", durationMs: 12 },
                { number: 2, name: "writes", outcome: "failed", diagnostics: ["# wrote 3 of 4 bytes", "errno: 28"] },
              ],
            },
            { number: 2, name: "net", outcome: "skipped", reason: "no device" },
            { number: 3, name: "", outcome: "todo", reason: "after 6.2" },
          ],
        },
        { title: "com1", subtests: [{ number: 1, name: "kunit", outcome: "passed" }], omitted: 41 },
      ],
    }),
    result("lets some of them fail", "qemu kernel debian-cloud", {
      file: "petri-tests/guest.test.ts",
      taps: [
        {
          title: "./flaky",
          problems: ["it has 1 result of 2 that were planned"],
          subtests: [{ number: 1, name: "a", outcome: "failed" }],
        },
      ],
    }),
    {
      name: "parses a size",
      title: "parses a size",
      file: "src/machine/size.test.ts",
      suite: [],
      outcome: "passed",
      durationMs: 1.4,
      attempts: 1,
      failures: [],
      traces: [],
    },
  ],
};

const escapes = "\u001b[2J\u001b]0;owned\u0007\u009b31mred \u001b[?1049h\u001bP1;x\u001b\\\u0000\u0007\u0008\u007f";
const commands = "::error::x\n  ::add-mask::secret%0A::set-output\n##[add-mask]y ##vso[task.complete]z\n###[group]";
const markup = '<script>alert("1")</script> ]]> &amp; --> </pre></details> `x` **y** | @root #1 [a](javascript:b)';
const unicode = "\ud800 lone \udc00 bidi \u202eevil\u202c zero\u200bwidth \ufffe \u2028 💥 漢字";
const tapish = "ok 1 - not really # SKIP # TODO \\# {\nnot ok 2\n1..0\nBail out! {";
const hostile = [escapes, commands, markup, unicode, tapish].join("\n");

const hostileRun: RunResult = {
  startedAt: "<now>",
  durationMs: 1e9,
  interrupted: true,
  errors: [{ message: hostile, stack: `Error: ${hostile}\n    at \u001b[31m<x>\n` }, { message: "" }],
  tests: [
    result(hostile, "qemu::error:: \u001b[1mpcat ]]>|# tcg", {
      name: hostile,
      file: `::a,b:c%\n${markup}`,
      suite: [hostile],
      outcome: "failed",
      failures: [
        { message: hostile, file: "::x,line=9\n::error::", line: 3, stack: hostile },
        { message: "A".repeat(1 << 20) },
      ],
      taps: [
        {
          title: hostile,
          problems: [hostile],
          subtests: [
            { number: 1, name: hostile, outcome: "failed", diagnostics: [hostile, "---", "...", "  ok 1"] },
            { number: 2, name: "x {", outcome: "skipped", reason: hostile },
            {
              number: 3,
              name: "1..2",
              outcome: "passed",
              subtests: [{ number: 1, name: "::error::", outcome: "passed" }],
            },
          ],
        },
      ],
      traces: ["petri-results/x ]]\n::error::"],
    }),
    result(hostile, "qemu::error:: \u001b[1mpcat ]]>|# kvm", { outcome: "skipped", skipReason: hostile }),
    result("::error::", "漢字漢字漢字漢字漢字 uefi x", {
      outcome: "flaky",
      attempts: 3,
      failures: [{ message: "  indented\n\n\ttab\r\n---\n..." }],
    }),
    result("", "v86 a b", { name: "", outcome: "skipped" }),
  ],
};

/** A megabyte of the same letter does not belong into a repository; its length does. */
const shorten = (text: string) => text.replace(/A{100,}/g, (run) => `{${run.length} times A}`);

const formats: Record<string, (run: RunResult) => string> = {
  "terminal.80.txt": (run) => renderTerminal(run, { color: false, columns: 80 }),
  "terminal.120.ansi": (run) => renderTerminal(run, { color: true, columns: 120 }),
  "progress.txt": (run) => run.tests.map((each) => `${terminalLine(each, { color: false, columns: 80 })}\n`).join(""),
  json: renderJson,
  "junit.xml": renderJunit,
  tap: renderTap,
  "annotations.txt": renderAnnotations,
  "summary.md": renderSummary,
};

for (const [format, render] of Object.entries(formats)) {
  test(`an ordinary run as ${format}`, async () => {
    await expect(shorten(render(ordinary))).toMatchFileSnapshot(`golden/ordinary.golden.${format}`);
  });

  test(`a hostile run as ${format}`, async () => {
    await expect(shorten(render(hostileRun))).toMatchFileSnapshot(`golden/hostile.golden.${format}`);
  });
}
