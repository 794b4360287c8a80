import { afterAll, expect, test } from "vitest";
import { failuresOf, outcomes, removeResults, vitestSample } from "./samples/support/run-sample.ts";

afterAll(removeResults);

test("a report on a console fails its test unless it was asked for", async () => {
  const run = await vitestSample(["findings"]);
  const both = (name: string, outcome: string) =>
    Object.fromEntries(["qemu", "v86"].map((vmm) => [`${name} [${vmm} kernel]`, outcome]));
  expect(outcomes(run), run.output).toEqual({
    ...both("a report nobody expects, in a body that goes on", "failed"),
    ...both("a report in the body's last moment", "failed"),
    ...both("a crash that is awaited by its title", "passed"),
    ...both("a report that is awaited", "passed"),
    ...both("an expected crash that does not come", "failed"),
    ...both("a warning", "failed"),
    ...both("a warning that is only reported", "passed"),
    ...both("a title that is ignored", "passed"),
    ...both("a hang while a report is awaited", "failed"),
    ...both("a report that does not come", "failed"),
  });
  for (const vmm of ["qemu", "v86"]) {
    const [waiting] = failuresOf(run, `a report nobody expects, in a body that goes on [${vmm}`);
    expect(waiting?.message).toMatch(/^the guest crashed, and nobody expected it: kernel panic: told to\n/);
    expect(waiting?.message).toContain('while waiting for toPrint("never said") on com1');
    expect(waiting?.message.match(/^last lines of com1/gm)).toHaveLength(1);
    const [hang] = failuresOf(run, `a hang while a report is awaited [${vmm}`);
    expect(hang?.message).toMatch(/^the guest made no progress for 500 ms while somebody waited for findings\.next/);
    const [missing] = failuresOf(run, `a report that does not come [${vmm}`);
    expect(missing?.message).toMatch(/^findings\.next\("KASAN"\) did not come within 200 ms\nnothing was found/);
    expect(missing?.message).toMatch(/^in phase ready for .*\nlast lines of com1:\n {2}\| petri-guest ready/m);
    const [last] = failuresOf(run, `a report in the body's last moment [${vmm}`);
    expect(last?.message).toContain("  | ok Kernel panic - not syncing: told to\n");
    expect(failuresOf(run, `an expected crash that does not come [${vmm}`)[0]?.message).toContain(
      "expected but never came: a crash like /never/",
    );
  }
  const junit = run.read("junit.xml");
  for (const property of ["title", "type", "console", "offset"]) {
    const value = { title: "kernel panic: told to", type: "dos", console: "com1", offset: "32" }[property];
    expect(junit).toContain(`<property name="petri.finding.1.${property}" value="${value}"/>`);
  }
  const { tests } = JSON.parse(run.read("results.json"));
  const reported = tests.find(({ title }: { title: string }) => title === "a warning that is only reported");
  expect(reported.findings).toEqual([{ title: "WARNING in demo", type: "warning", console: "com1", offset: 32 }]);
}, 120_000);
