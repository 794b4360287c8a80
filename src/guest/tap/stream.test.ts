import fc from "fast-check";
import { expect, test } from "vitest";
import { TapStream, type TapStreamOptions } from "./stream.ts";
import type { TapPoint } from "./tree.ts";

function read(text: string, options: TapStreamOptions = {}, cuts: readonly number[] = []) {
  const stream = new TapStream(options);
  let from = 0;
  for (const cut of [...cuts, text.length]) {
    stream.push(text.slice(from, Math.max(from, cut)));
    from = Math.max(from, cut);
  }
  const problems = [...stream.end()];
  return { points: stream.points, problems };
}

/** `✓ 1 name`, a line each, those of a subtest below their own. */
function drawn(points: readonly TapPoint[], indent = ""): string[] {
  const marks = { passed: "✓", failed: "✗", skipped: "–", todo: "~" };
  return points.flatMap(({ number, name, outcome, reason, diagnostics, points: inner }) => [
    `${indent}${marks[outcome]} ${number} ${name}${reason === undefined ? "" : ` (${reason})`}`,
    ...(outcome === "failed" ? diagnostics.map((line) => `${indent}  | ${line}`) : []),
    ...drawn(inner, `${indent}    `),
  ]);
}

const tap14 = `TAP version 14
1..6
ok 1 - reads \\# of both
not ok 2 - writes
  ---
  message: "ok 3 - not this"
  duration_ms: 12.5
  ...
ok 3 # SKIP no disk
not ok 4 - swims # TODO not yet
# Subtest: inner
    1..2
    ok 1 - a
    ok 2 - b
ok 5 - inner
ok 6 - braced {
    # what b said
    not ok 1 - b
    1..1
}
`;

test("TAP 14 with subtests, directives and diagnostics", () => {
  const { points, problems } = read(tap14);
  expect(problems).toEqual([]);
  expect(drawn(points)).toMatchInlineSnapshot(`
    [
      "✓ 1 reads # of both",
      "✗ 2 writes",
      "  | message: "ok 3 - not this"",
      "  | duration_ms: 12.5",
      "– 3  (no disk)",
      "~ 4 swims (not yet)",
      "✓ 5 inner",
      "    ✓ 1 a",
      "    ✓ 2 b",
      "✗ 6 braced",
      "    ✗ 1 b",
    ]
  `);
  expect(points[1]?.durationMs).toBe(12.5);
});

const kunit = `KTAP version 1
1..2
    KTAP version 1
    # Subtest: sort
    # module: test_sort
    1..2
    ok 1 sorts_numbers
    # sorts_words: EXPECTATION FAILED at lib/test_sort.c:41
    Expected cmp(a, b) == 0, but
        cmp(a, b) == 1 (0x1)
    not ok 2 sorts_words
# sort: pass:1 fail:1 skip:0 total:2
# Totals: pass:1 fail:1 skip:0 total:2
not ok 1 sort
    KTAP version 1
    # Subtest: hash
    1..1
        KTAP version 1
        # Subtest: with_parameters
        ok 1 one
        ok 2 two # SKIP too big
    ok 1 with_parameters
ok 2 hash
`;

test("KUnit, whose parameters have no plan", () => {
  const { points, problems } = read(kunit);
  expect(problems).toEqual([]);
  expect(drawn(points)).toMatchInlineSnapshot(`
    [
      "✗ 1 sort",
      "  | # sort: pass:1 fail:1 skip:0 total:2",
      "  | # Totals: pass:1 fail:1 skip:0 total:2",
      "    ✓ 1 sorts_numbers",
      "    ✗ 2 sorts_words",
      "      | # sorts_words: EXPECTATION FAILED at lib/test_sort.c:41",
      "      | Expected cmp(a, b) == 0, but",
      "      | cmp(a, b) == 1 (0x1)",
      "✓ 2 hash",
      "    ✓ 1 with_parameters",
      "        ✓ 1 one",
      "        – 2 two (too big)",
    ]
  `);
});

const kselftest = `TAP version 13
1..4
# timeout set to 45
# selftests: timers: posix_timers
# TAP version 13
# 1..3
# # Testing posix timers. False negatives may happen
# ok 1 check itimer virtual
# # it took too long
# not ok 2 check itimer real
# ok 3 check timer_create() # SKIP
# # Totals: pass:1 fail:1 xfail:0 xpass:0 skip:1 error:0
not ok 1 selftests: timers: posix_timers # exit=1
# selftests: timers: raw_skew
# TAP version 13
# 1..2
# ok 1 begins
not ok 2 selftests: timers: raw_skew # TIMEOUT 45 seconds
# selftests: timers: plain
# no results of its own
ok 3 selftests: timers: plain
# selftests: timers: nanosleep
# TAP version 13
# 1..1
# not ok 1 sleeps # XFAIL known since 5.4
ok 4 selftests: timers: nanosleep
`;

test("kselftest, which passes on what its programs print", () => {
  const { points, problems } = read(kselftest);
  expect(problems).toEqual([]);
  expect(drawn(points)).toMatchInlineSnapshot(`
    [
      "✗ 1 selftests: timers: posix_timers # exit=1",
      "  | # timeout set to 45",
      "  | # selftests: timers: posix_timers",
      "    ✓ 1 check itimer virtual",
      "    ✗ 2 check itimer real",
      "      | # # it took too long",
      "    – 3 check timer_create()",
      "✗ 2 selftests: timers: raw_skew # TIMEOUT 45 seconds",
      "  | # selftests: timers: raw_skew",
      "  | it has 1 result of 2 that were planned",
      "    ✓ 1 begins",
      "✓ 3 selftests: timers: plain",
      "✓ 4 selftests: timers: nanosleep",
      "    ~ 1 sleeps (known since 5.4)",
    ]
  `);
});

test("KTAP that is indented by two spaces", () => {
  const { points, problems } = read(
    "KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  ok 1 a\n    KTAP version 1\n    1..1\n    ok 1 deep\n  ok 2 b\nok 1 both\n",
  );
  expect(problems).toEqual([]);
  expect(drawn(points)).toEqual(["✓ 1 both", "    ✓ 1 a", "    ✓ 2 b", "        ✓ 1 deep"]);
});

test.each([
  ["nothing", "hello\n", "there are no results in it"],
  ["a plan that is not kept", "1..3\nok 1\nok 2\n", "it has 2 results of 3 that were planned"],
  ["more than planned", "1..1\nok 1\nok 2\n", "it has 2 results of 1 that were planned"],
  ["no plan", "ok 1\nok 2\n", "it has no plan, after 2 results"],
  ["two plans", "1..1\nok 1\n1..1\n", "it has a second plan, 1..1"],
  ["a result after the plan", "ok 1\n1..2\nok 2\n", "a result comes after the plan: ok 2"],
  ["a number that is left out", "1..3\nok 1\nok 3 - x\n", "result 3 comes where 2 should: ok 3 - x"],
  ["a number twice", "1..2\nok 1\nok 1 - x\n", "result 1 comes where 2 should: ok 1 - x"],
  ["a damaged result", "1..1\nok 1\nnot  ok 2 - \u001b[2Jx\n", "this is no line of TAP: not  ok 2 - \\e[2Jx"],
  ["a number that ran into a name", "1..1\nok 1a\n", "this is no line of TAP: ok 1a"],
  ["a damaged plan", "1..x\nok 1\n", "this is no line of TAP: 1..x"],
  ["a bail out", "1..2\nok 1\nBail out! no disk\nok 2\n", "it bailed out: no disk"],
  ["an unfinished line", "1..1\nok 1 - on", "its last line has no line end: the rest of it is missing"],
  ["unfinished diagnostics", "1..1\nnot ok 1\n  ---\n  a: b\n", "it ends within the diagnostics of a result"],
  ["a second stream", "1..1\nok 1\nTAP version 14\n1..1\nok 1\n", "a second stream begins in the middle of it"],
  ["a subtest without a plan", "1..1\n    ok 1 - a\nok 1\n", "it has no plan, after 1 result"],
  ["a subtest that is cut off", "1..1\n    1..2\n    ok 1 - a\nok 1\n", "it has 1 result of 2 that were planned"],
  [
    "a subtest without a result",
    "1..1\n    1..1\n    ok 1 - a\n",
    "a subtest has no result of its own, after 1 results in it",
  ],
  ["a subtest without its brace", "1..1\nok 1 - a {\n    1..1\n    ok 1\n", "a subtest that `{` opens has no end"],
  ["a subtest that is not there", "1..1\nok 1 - a {\n", "a subtest that `{` opens has neither a result nor an end"],
  ["a line that is too long", `1..1\n# ${"x".repeat(20_000)}\nok 1\n`, "a line of it is longer than 16384 characters"],
  ["a line without an end", "x".repeat(20_000), "a line of it is longer than 16384 characters"],
])("%s is a failure, and says why", (_, text, problem) => {
  expect(read(text).problems).toContain(problem);
});

test("too many results, too many bytes and subtests too deep are failures", () => {
  const many = `1..30\n${Array.from({ length: 30 }, (_, n) => `ok ${n + 1}\n`).join("")}`;
  expect(read(many, { limits: { points: 20 } })).toMatchObject({ problems: ["there are more than 20 results in it"] });
  expect(read(many, { limits: { bytes: 99 } }).problems).toEqual(["it is longer than 99 characters"]);
  const deep = Array.from({ length: 40 }, (_, n) => `${"    ".repeat(n)}1..1\n`).join("");
  expect(read(deep).problems).toEqual(["subtests are more than 16 deep"]);
});

test("a subtest that failed is not hidden by a result that says ok", () => {
  const { points } = read("1..1\n    1..1\n    not ok 1 - a\nok 1 - all\n");
  expect(drawn(points)[0]).toBe("✗ 1 all");
});

test("a stream may say that all is skipped, or be told its plan", () => {
  expect(read("1..0 # SKIP no kvm\n")).toEqual({ points: [], problems: [] });
  const suites = "    # Subtest: a\n    1..1\n    ok 1 - x\nok 1 - a\n";
  expect(read(suites).problems).toEqual(["it has no plan, after 1 result"]);
  expect(read(suites, { plan: 1 }).problems).toEqual([]);
  expect(read(suites, { plan: 2 }).problems).toEqual(["it has 1 result of 2 that were planned"]);
});

test("the hash in a result's name", () => {
  expect(drawn(read("1..2\nok 1 - a # b\nok 2 - skip this\n").points)).toEqual(["✓ 1 a # b", "✓ 2 skip this"]);
});

const wholeStreams = fc.constantFrom(tap14, kunit, kselftest);

test("wherever a stream is cut into pieces, the results are the same", () => {
  fc.assert(
    fc.property(wholeStreams, fc.array(fc.nat(1200), { maxLength: 30 }), (text, cuts) => {
      expect(
        read(
          text,
          {},
          cuts.toSorted((a, b) => a - b),
        ),
      ).toEqual(read(text));
    }),
  );
});

test("what other programs print between its lines changes no result", () => {
  const chatter = fc.constantFrom(
    ...[
      "usb 1-1: new high-speed device",
      "  indented",
      "okay, go on",
      "systemd[1]: Started x",
      "",
      "ok: fine",
      "{",
      "...",
    ],
  );
  fc.assert(
    fc.property(
      fc.constantFrom(kunit, kselftest),
      fc.array(fc.tuple(fc.nat(60), chatter), { maxLength: 20 }),
      (text, more) => {
        const lines = text.split("\n");
        for (const [at, line] of more) lines.splice(Math.min(at, lines.length - 1), 0, line);
        const mixed = read(lines.join("\n"));
        const marks = (points: readonly TapPoint[]) => drawn(points).filter((line) => !/^\s*\|/.test(line));
        expect(mixed.problems).toEqual([]);
        expect(marks(mixed.points)).toEqual(marks(read(text).points));
      },
    ),
  );
});

test("a stream that is cut off anywhere is a failure, unless only comments are missing", () => {
  for (const text of [tap14, kunit, kselftest]) {
    const whole = drawn(read(text).points);
    for (let end = 0; end < text.length; end++) {
      const cut = read(text.slice(0, end));
      if (cut.problems.length > 0) continue;
      expect(drawn(cut.points)).toEqual(whole);
    }
  }
});

test("whatever is in it, reading it ends without an error", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...[
        "ok",
        "not ok",
        " 1",
        " 2",
        " - x",
        " {",
        "}",
        "    ",
        "  ",
        "# ",
        "# Subtest: a",
        "1..2",
        "1..",
        "TAP version 14",
      ],
      ...[
        "KTAP version 1",
        "Bail out!",
        "  ---",
        "  ...",
        " # SKIP",
        " # TODO",
        "pragma +strict",
        "\n",
        "\n",
        "\r\n",
        "\\",
      ],
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join("");
      const { points, problems } = read(text);
      const count = text.split("\n").filter((line) => /^not ok \d+$/.test(line)).length;
      // A failure that is printed at the top is seen, or the stream is no good.
      if (problems.length === 0)
        expect(points.filter(({ outcome }) => outcome === "failed").length).toBeGreaterThanOrEqual(count);
    }),
    { numRuns: 2000 },
  );
});
