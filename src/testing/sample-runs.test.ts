import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runDirVariable } from "../host/process.ts";
import { processesWith } from "../host/process-facts.ts";
import { failuresOf, outcomes, petriSample, removeResults, vitestSample } from "./samples/support/run-sample.ts";

afterAll(removeResults);

/** Those of this run's processes whose environment sets the variable; other runs may go on beside it. */
function processesOf(results: string, variable: string) {
  const ours = new Set(processesWith("PETRI_RESULTS").flatMap(({ pid, value }) => (value === results ? [pid] : [])));
  return processesWith(variable).filter(({ pid }) => ours.has(pid));
}

test("a skipped cell shows its reason in every report", async () => {
  const run = await petriSample({ paths: ["skips.sample.ts"], settings: { vmm: "v86" } });
  expect(run.exitCode, run.output).toBe(0);
  const reason = "v86 has no UEFI; boot by pcat or kernel";
  expect(run.report.tests.find((each) => each.name === "boots [v86 uefi petri-guest]")?.skipReason).toBe(reason);
  for (const text of [run.output, run.read("junit.xml"), run.read("results.tap")]) expect(text).toContain(reason);
  expect(outcomes(run)).toMatchObject({
    "boots [v86 kernel]": "passed",
    "is not looked at [v86 kernel]": "skipped",
    "fails, as it should [v86 kernel]": "passed",
    "needs UEFI [v86 kernel]": "skipped",
  });
}, 240_000);

test("an image that cannot be had here skips its tests, and fails them where the VMM is promised", async () => {
  // No archive listens there: apt is refused at once, as on a host without a network.
  const folder = mkdtempSync(join(tmpdir(), "petri-sources-"));
  const sources = join(folder, "nowhere.list");
  writeFileSync(sources, "deb [trusted=yes] http://127.0.0.1:9/debian bookworm main\n");
  const env = { PETRI_APT_SOURCES: sources };
  try {
    const skips = await petriSample({ paths: ["no-network.sample.ts"] }, { env });
    expect(skips.exitCode, skips.output).toBe(0);
    expect(skips.report.tests.map(({ outcome }) => outcome)).toEqual(["skipped", "skipped", "passed"]);
    expect(skips.report.tests[0]?.skipReason).toMatch(
      /^debian-686 cannot be built here: the package linux-image-686 for i386 cannot be looked up: .*127\.0\.0\.1/,
    );
    const promised = await petriSample({ paths: ["no-network.sample.ts"], settings: { require: "v86" } }, { env });
    expect(promised.exitCode, promised.output).toBe(1);
    expect(promised.report.tests.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "passed"]);
    expect(failuresOf(promised, "boots Linux")[0]?.message).toContain("linux-image-686");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

test("a test that was not reached says which failure kept it", async () => {
  const run = await vitestSample(["hooks"]);
  expect(run.exitCode, run.output).toBe(1);
  const reason = 'not run, because its suite "prepared" failed: no preparation';
  expect(run.report.tests[0]?.skipReason).toBe(reason);
  for (const text of [run.output, run.read("results.tap")]) expect(text).toContain(reason);
}, 240_000);

test("--require makes a missing VMM fail the run, and its cells; what it cannot do by design is skipped", async () => {
  const env = { PETRI_QEMU: "/nowhere/qemu", GITHUB_ACTIONS: "true" };
  const run = await petriSample(
    { paths: ["skips.sample.ts"], settings: { require: "qemu,v86" }, name: "boots" },
    { env },
  );
  expect(run.exitCode, run.output).toBe(1);
  expect(outcomes(run)).toEqual({
    "boots [qemu kernel]": "failed",
    "boots [qemu uefi]": "failed",
    "boots [v86 kernel]": "passed",
    "boots [v86 uefi]": "skipped",
  });
  expect(run.report.errors.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^--require qemu: .*\/nowhere/),
  ]);
  expect(run.output).toContain("::error file=");
}, 240_000);

test("a floor fails a run in which too little ran, and so does a run of nothing", async () => {
  const flags = { paths: ["skips.sample.ts"], settings: { vmm: "v86" } };
  const low = await petriSample({ ...flags, minCells: 3 });
  expect(low.exitCode).toBe(1);
  expect(low.report.errors.map(({ message }) => message)).toEqual(["only 2 cells ran; the floor is 3"]);
  const none = await petriSample({ ...flags, name: "needs UEFI" });
  expect(none.exitCode).toBe(1);
  expect(none.output).toContain("no test has run: all 3 were skipped");
}, 240_000);

test("what only a running VM can tell is a reason to skip, too; many at once wait for their leases", async () => {
  const run = await vitestSample(["needs", "concurrent"], { env: { PETRI_CPU_BUDGET: "2" } });
  expect(run.exitCode, run.output).toBe(0);
  const screen = run.report.tests.find((each) => each.name.startsWith("looks at the screen [v86"));
  expect(screen?.skipReason).toMatch(/^v86 has no screenshot/);
  expect(run.report.tests.filter((each) => each.name.startsWith("boots") && each.outcome === "passed")).toHaveLength(
    16,
  );
}, 240_000);

test("runs again and again until something fails", async () => {
  const run = await petriSample({ paths: ["crash.sample.ts"], name: "expecting.*v86", repeatUntilFail: 2 });
  expect(run.exitCode, run.output).toBe(0);
  expect(run.output).toContain("round 2 of 2");
  const fails = await petriSample({ paths: ["crash.sample.ts"], name: "stuck.*v86", repeatUntilFail: true });
  expect(fails.exitCode).toBe(1);
  expect(fails.output).not.toContain("round 2");
}, 240_000);

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends every VM and still writes the reports",
  async (signal) => {
    let vmms: number[] = [];
    const run = await vitestSample(["interrupt"], {
      onOutput(output, child, results) {
        if (vmms.length > 0 || !output.includes("both are up")) return;
        vmms = processesOf(results, runDirVariable).map(({ pid }) => pid);
        child.kill(signal);
      },
    });
    expect(run.exitCode, run.output).toBe(130);
    expect(run.report.interrupted).toBe(true);
    expect(vmms.length).toBeGreaterThanOrEqual(2);
    const left = processesWith("PETRI_TEST_RUN").filter(({ value }) => run.dir.endsWith(value));
    expect(left).toEqual([]);
  },
  60_000,
);

test("Ctrl-C before the first test runs none", async () => {
  const run = await vitestSample(["--config", "interrupted-early.config.ts", "concurrent", "flaky"]);
  expect(run.exitCode, run.output).toBe(130);
  expect(run.report.interrupted).toBe(true);
  expect(run.report.tests.filter((each) => each.outcome !== "skipped")).toEqual([]);
}, 240_000);

test("kill -9 of the run takes its workers and VMs along", async () => {
  let marked: string | undefined;
  const run = await vitestSample(["interrupt"], {
    onOutput(output, child, results) {
      if (marked !== undefined || !output.includes("both are up")) return;
      marked = processesOf(results, "PETRI_TEST_RUN")[0]?.value;
      child.kill("SIGKILL");
    },
  });
  expect(run.exitCode).toBe(null);
  expect(marked).toBeDefined();
  const left = () => processesWith("PETRI_TEST_RUN").filter(({ value }) => value === marked);
  await expect.poll(left, { timeout: 5000 }).toEqual([]);
}, 240_000);
