import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { localHost } from "../host/local.ts";
import { runDirVariable } from "../host/process.ts";
import { processesWith } from "../host/process-facts.ts";
import type { JsonReport } from "../report/json.ts";
import { newFolder, petri, runPetri, startPetri } from "./test/run-petri.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
vi.setConfig({ testTimeout: 120_000 });

const hasQemu = localHost.which("qemu-system-x86_64") !== undefined;
const vmms = hasQemu ? ["qemu", "v86"] : ["v86"];

/** Starting a program takes its time on a busy machine. */
const soon = { timeout: 60_000, interval: 50 };

const failing = (body: string) => `vmTest("fails", { on }, async ({ vm, guest, boot }) => { ${body} });`;
const fails = failing("await guest.ready(); expect(1).toBe(2);");

/** A run of these tests, whose VMs are kept when they fail. */
function keeping(vmm: string, tests: string) {
  const cwd = newFolder();
  mkdirSync(join(cwd, "petri-tests"));
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(checkout, join(cwd, "node_modules/petri-vm"));
  symlinkSync(join(checkout, "node_modules/vitest"), join(cwd, "node_modules/vitest"));
  writeFileSync(
    join(cwd, "petri-tests/fails.test.ts"),
    `import { expect, matrix, vmTest } from "petri-vm/test";
const on = matrix({ vmm: "${vmm}", boot: "kernel", image: "petri-guest" });
${tests}
`,
  );
  // A run root of its own: other runs of this machine are none of its business.
  const env = { PETRI_RUN_ROOT: cwd, PETRI_ACCELERATOR: "tcg,jit", CI: "" };
  const running = startPetri(cwd, ["test", "--pause", "--vmm", vmm], env);
  let told = "";
  for (const stream of [running.stdout, running.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      told += bytes;
    });
  }
  const names = () => [...told.matchAll(/petri attach (\S+)$/gm)].map(([, name = ""]) => name);
  return {
    ...{ cwd, running, env },
    told: () => told,
    /** The names of the VMs that are kept, once there are so many. */
    async kept(count = 1): Promise<string[]> {
      await expect.poll(names, soon).toHaveLength(count);
      return names();
    },
    attach: async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await runPetri(cwd, ["attach", ...args], env);
      return exitCode === 0 ? stdout.trimEnd() : `${exitCode} ${stderr.trimEnd()}`;
    },
    left: () => processesWith(runDirVariable).filter(({ value }) => value.startsWith(cwd)),
  };
}

describe.each(vmms)("on %s", (vmm) => {
  test("a failing test's VM stands still, is looked at, and goes when it is discarded", async () => {
    const run = keeping(vmm, failing('await guest.echo("before"); expect(1).toBe(2);'));
    const [name = ""] = await run.kept();
    expect(run.told()).toContain(`paused on ${vmm}: fails [${vmm} kernel petri-guest]\n  expected 1 to be 2`);
    expect(await run.attach()).toMatch(
      new RegExp(`^VM .*\\n${name}\\s+${vmm}\\s+paused\\s+fails \\[.*expected 1 to be 2`),
    );
    expect(await run.attach(name, "registers")).toMatch(vmm === "qemu" ? /RIP=[0-9a-f]{16}/ : /eip=0x/);

    const trace = /^trace: +(.*)$/m.exec(await run.attach(name, "info"))?.[1] ?? "";
    const log = () => readFileSync(join(trace, "com1.log"), "latin1");
    const client = execa(process.execPath, [petri, "attach", name], { cwd: run.cwd, env: run.env, reject: false });
    onTestFinished(() => void client.kill());
    let shown = "";
    client.stdout.on("data", (bytes: Buffer) => {
      shown += bytes;
    });
    await expect.poll(() => shown, soon).toContain("ok before");
    client.stdin.write("echo while it stands\r");
    expect(await run.attach(name, "info")).toMatch(/ is paused, /);
    expect(log()).not.toContain("while it stands");
    expect(await run.attach(name, "resume")).toBe("the guest runs on");
    await expect.poll(() => shown, soon).toContain("ok while it stands\r\n");
    // A tee: what it shows is what the recorder has.
    expect(shown).toBe(log());
    expect(await run.attach(name, "pause")).toBe("the guest is paused");
    expect(await run.attach(name, "discard")).toBe("discarded");
    await client;
    const { exitCode } = await run.running;
    expect(exitCode, run.told()).toBe(1);
    const [results = ""] = /(?<=^reports and traces: )\S+$/m.exec(run.told()) ?? [];
    const { tests } = JSON.parse(readFileSync(join(run.cwd, results, "results.json"), "utf8")) as JsonReport;
    expect(tests[0]?.failures.map(({ message }) => message.split("\n")[0])).toEqual([
      "expected 1 to be 2 // Object.is equality",
    ]);
    expect(await run.attach()).toBe("no VM is kept: petri test --pause keeps those of failing tests");
    expect(run.left()).toEqual([]);
  });
});

test.each(["SIGINT", "SIGKILL"] as const)("%s ends the run, and nothing is left behind", async (signal) => {
  const run = keeping(vmms[0] ?? "v86", fails);
  const [name = ""] = await run.kept();
  expect(run.left().length).toBeGreaterThan(0);
  run.running.kill(signal);
  const { exitCode } = await run.running;
  if (signal === "SIGINT") expect(exitCode).toBe(130);
  await expect.poll(run.left, soon).toEqual([]);
  expect(await run.attach(name)).toBe("64 petri: no VM is kept: petri test --pause keeps those of failing tests");
});

test("a guest that has crashed cannot go on, and says so; each VM of a test is kept", async () => {
  const crash =
    "await guest.ready(); await boot(); vm.console().sendLine('triple-fault'); await new Promise(() => {});";
  const run = keeping("v86", failing(crash));
  const [halted = "", peer = ""] = await run.kept(2);
  expect(run.told()).toMatch(/halted on v86: fails \[[^\n]*\n {2}the guest crashed/);
  expect(await run.attach(halted, "resume")).toBe(
    `71 petri: ${halted}: the guest cannot go on: petri-v86 stops a guest for good`,
  );
  expect(await run.attach(halted, "discard")).toBe("discarded");
  expect(run.running.exitCode).toBe(null);
  expect(await run.attach(peer, "discard")).toBe("discarded");
  expect((await run.running).exitCode).toBe(1);
});

test("a loose end and a timeout are failures, too; a test that passes or is meant to fail keeps nothing", async () => {
  const run = keeping(
    "v86",
    `vmTest("loose", { on }, async ({ guest }) => { void guest.echo("x"); await guest.ready(); });
vmTest("late", { on, timeout: "2s" }, async ({ vm }) => { await vm.console().expect("never said"); });
vmTest("passes", { on }, async ({ guest }) => { await guest.ready(); });
vmTest.fails("is meant to", { on }, async ({ guest }) => { await guest.ready(); expect(1).toBe(2); });`,
  );
  const [loose = ""] = await run.kept();
  expect(run.told()).toContain("the test ended and left a loose end: never awaited");
  await run.attach(loose, "discard");
  const [, late = ""] = await run.kept(2);
  expect(run.told()).toMatch(/paused on v86: late [^\n]*\n {2}.*within 2 s/);
  await run.attach(late, "discard");
  expect((await run.running).exitCode).toBe(1);
  expect(run.told()).toContain("2 passed, 2 failed, 0 skipped");
});

test.runIf(hasQemu)("gdb's protocol is spoken on the socket that it names", async () => {
  const run = keeping("qemu", fails);
  const [name = ""] = await run.kept();
  const told = await run.attach(name, "gdb");
  const path = /^gdb listens on (\S+)\nconnect with: gdb -ex 'target remote \1'$/.exec(told)?.[1] ?? "";
  expect(await run.attach(name, "gdb")).toBe(told);
  const gdb = createConnection(path);
  onTestFinished(() => void gdb.destroy());
  let heard = "";
  gdb.on("data", (bytes: Buffer) => {
    heard += bytes;
  });
  // "Why did it stop?" and its checksum (GDB manual, "Packets").
  gdb.write("$?#3f");
  await expect.poll(() => heard, soon).toMatch(/^\+\$T05/);
  await run.attach(name, "discard");
  expect((await run.running).exitCode).toBe(1);
});

// script(1) of util-linux gives a terminal to what it runs.
const script = ["/usr/bin/script", "/bin/script"].find((path) => existsSync(path));

test.runIf(script)("on a terminal the console is the user's, until the escape key leaves it", async () => {
  const run = keeping("v86", fails);
  const [name = ""] = await run.kept();
  const terminal = execa(script ?? "script", ["-qec", `'${process.execPath}' '${petri}' attach ${name}`, "/dev/null"], {
    ...{ cwd: run.cwd, reject: false },
    env: { ...run.env, TERM: "xterm" },
  });
  onTestFinished(() => void terminal.kill());
  let shown = "";
  terminal.stdout.on("data", (bytes: Buffer) => {
    shown += bytes;
  });
  const until = (text: string) => expect.poll(() => shown, soon).toContain(text);
  await until(`[petri: com1 of ${name}, which is paused; Ctrl-] then p lets it run on`);
  await until("petri-guest ready");
  terminal.stdin.write("\x1dp");
  await until("[petri: the guest runs on]");
  terminal.stdin.write("echo typed\r");
  await until("ok typed");
  terminal.stdin.write("\x1dp");
  await until("[petri: the guest is paused]");
  terminal.stdin.write("\x1dq");
  expect((await terminal).exitCode).toBe(0);
  expect(await run.attach(name, "info")).toMatch(/ is paused, /);
  await run.attach(name, "discard");
  expect((await run.running).exitCode).toBe(1);
});

test("what cannot be is refused before anything starts", async () => {
  const cwd = newFolder();
  const env = { PETRI_RUN_ROOT: cwd, CI: "1" };
  const inCi = await runPetri(cwd, ["test", "--pause"], env);
  expect(inCi).toMatchObject({ exitCode: 64, stdout: "" });
  expect(inCi.stderr).toMatch(
    /^petri: --pause waits until somebody looks .* \(CI=1\) nobody does\n {2}leave it out there/,
  );
  const attach = async (...args: string[]) => await runPetri(cwd, ["attach", ...args], env);
  expect(await attach()).toMatchObject({ exitCode: 0 });
  expect(await attach("1")).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("no VM is kept: petri test"),
  });
  expect(await attach("1", "resum")).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('did you mean "resume"?'),
  });
  expect(await attach("1", "info", "--console", "com2")).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("--console goes with the action console"),
  });
});
