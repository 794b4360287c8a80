import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { newFolder, runPetri, startPetri } from "./test/run-petri.ts";

// The built CLI, real VMs: petri-guest on v86, which is always there.
const guest = ["boot", "--image", "petri-guest", "--vmm", "v86"];
const ready = "petri-guest ready kernel 0.1.0\r\n";

describe("a script", () => {
  test("ends with 0 when its last expectation is met, and leaves nothing behind", async () => {
    const cwd = newFolder();
    const { exitCode, stdout, stderr } = await runPetri(cwd, [
      ...[...guest, "--expect", "petri-guest ready", "--send", "echo one\\n"],
      ...["--expect", "/^ok (?<word>one)$/m", "--send", "echo two\\n", "--expect", "ok two"],
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.startsWith(`${ready}ok one\r\nok two`)).toBe(true);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test("that times out ends with 124, says what came instead, and where the record is", async () => {
    const cwd = newFolder();
    const { exitCode, stderr } = await runPetri(cwd, [...guest, "--expect", "login:", "--timeout", "1s"]);
    expect(exitCode).toBe(124);
    const stable = stderr.replace(/\d{8}-\d{6}Z-[0-9a-f]{6}/g, "RUN").replace(/(?<=in phase ready for )\d.*/, "TIME");
    expect(stable).toMatchInlineSnapshot(`
      "petri: expected "login:" on com1 within 1 s, but it did not come
      in phase ready for TIME
      last lines of com1 (32 bytes so far):
        | petri-guest ready kernel 0.1.0
      If the guest is only slow, give it more time: --timeout 5m
      trace: results/RUN/boot/1-vm
      again: petri repro results/RUN/boot/1-vm
      "
    `);
  });

  test("whose guest ends first fails with 1, although the action says exit:0", async () => {
    const { exitCode, stderr } = await runPetri(newFolder(), [
      ...[...guest, "--guest-shutdown-action", "exit:0"],
      ...["--expect", "ready", "--send", "shutdown\\n", "--expect", "never"],
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^petri: the guest powered off \(acpi-s5\) at .* s while waiting for "never" on com1\nwaited /,
    );
  });

  test("--fail-on ends at once, with the line", async () => {
    const { exitCode, stderr } = await runPetri(newFolder(), [...guest, "--fail-on", "/re.dy/", "--expect", "never"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^petri: com1 printed what --fail-on \/re\.dy\/ looks for\n {2}\| petri-guest ready kernel/);
  });
});

describe("a report on a console", () => {
  // petri-guest says what it is told to: the prompt of a boot loader in trouble, say.
  const config = `export default { oracle: { extra: [{ id: "demo", os: "grub", type: "no-boot", oneLine: true,
    start: /^ok grub rescue/, title: "told to fail", example: "" }] } };`;
  const tell = (...options: string[]) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "petri.config.mjs"), config);
    return runPetri(cwd, [
      ...guest,
      "--expect",
      "ready",
      "--send",
      "echo grub rescue\\n",
      "--expect",
      "rescue",
      ...options,
    ]);
  };

  test("ends the run with 3, its title and what to do", async () => {
    const { exitCode, stderr } = await tell("--expect", "never");
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(
      /^petri: the guest crashed, and nobody expected it: told to fail\n {2}grub, no-boot, on com1/,
    );
    expect(stderr).toContain("\nto go on in spite of it: --oracle report\n");
  });

  test("counts even if the last expectation was met in the same moment", async () => {
    expect((await tell()).exitCode).toBe(3);
  });

  test("stands among the events with --oracle report, and is not looked for with --oracle off", async () => {
    const reported = await tell("--oracle", "report", "--json");
    expect(reported.exitCode).toBe(0);
    expect(reported.stdout).toMatch(/^\{"event":"finding","title":"told to fail",.*"console":"com1"/m);
    const told = await tell("--oracle", "report");
    expect(told).toMatchObject({ exitCode: 0, stderr: "petri: com1 reported: told to fail\n" });
    const off = await tell("--oracle", "off", "--json");
    expect(off.exitCode).toBe(0);
    expect(off.stdout).not.toContain('"finding"');
  });

  test("--oracle takes three words", async () => {
    const { exitCode, stderr } = await tell("--oracle", "on");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 64,
      stderr: "petri: --oracle on is not accepted: write fail, report, off\n",
    });
  });
});

describe("the guest's end", () => {
  const send = (line: string) => ["--expect", "ready", "--send", `${line}\\n`];

  test.each([
    ["shutdown", [], 0],
    ["shutdown", ["--guest-shutdown-action", "exit:7"], 7],
    ["triple-fault", [], 3],
    ["triple-fault", ["--guest-crash-action", "exit:5"], 5],
    ["reset", ["--guest-reset-action", "halt"], 0],
    ["reset", ["--guest-reset-action", "exit"], 0],
  ])("%s with %j exits with %i", async (line, options, code) => {
    const { exitCode } = await runPetri(newFolder(), [...guest, ...options, ...send(line)]);
    expect(exitCode).toBe(code);
  });

  test("a crash whose action is reset is seen by the script as another boot", async () => {
    const { exitCode, stdout } = await runPetri(newFolder(), [
      ...[...guest, "--guest-crash-action", "reset", ...send("triple-fault")],
      ...["--expect", "ready", "--send", "triple-fault\\n", "--expect", "petri-guest ready kernel 0.1.0"],
    ]);
    expect(exitCode).toBe(0);
    expect(stdout.split("petri-guest ready")).toHaveLength(4);
  });
});

test("--json tells every event, and how it ended: exit:124 is no timeout", async () => {
  const { exitCode, stdout } = await runPetri(newFolder(), [
    ...[...guest, "--json", "--guest-shutdown-action", "exit:124", "--expect", "ready", "--send", "shutdown\\n"],
  ]);
  const told = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(exitCode).toBe(124);
  // A phase is told when it is certain, which may be before or after the expectation is met by the same line.
  const events = told.filter(({ event }) => event !== "phase");
  expect(told.filter(({ event }) => event === "phase")).toMatchObject([
    { phase: "ready", boot: 1, console: "com1", offset: 0, evidence: ready.trim() },
  ]);
  expect(events.map(({ event }) => event)).toEqual(["start", "console", "met", "sent", "console", "power", "end"]);
  expect(events[1]).toEqual({ event: "console", console: "com1", offset: 0, text: ready });
  expect(events[5]).toMatchObject({ kind: "shutdown", cause: "acpi-s5", action: "exit:124" });
  expect(events[6]).toMatchObject({ class: "PowerAction", exitCode: 124 });
});

test("SIGINT ends the VM in order: 130, the pidfile gone, the record kept", async () => {
  const cwd = newFolder();
  const running = startPetri(cwd, [...guest, "--pidfile", "vm.pid"]);
  await once(running.stdout, "data");
  process.kill(Number(readFileSync(join(cwd, "vm.pid"), "utf8")), "SIGINT");
  const { exitCode, stderr } = await running;
  expect(exitCode).toBe(130);
  expect(stderr).toMatch(/^petri: interrupted by SIGINT\ntrace: /);
  expect(readdirSync(cwd)).toEqual(["results"]);
});

/** The name of a socket is there a moment before anybody listens on it. */
async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, "connect");
  return socket;
}

test("consoles go where their backends say", async () => {
  const cwd = newFolder();
  const running = startPetri(cwd, [...guest, "--com1", "listen=com1.sock"]);
  const client = await vi.waitFor(() => connected(join(cwd, "com1.sock")), { timeout: 20_000 });
  client.setEncoding("utf8");
  let text = "";
  for await (const chunk of client) {
    text += chunk;
    if (text === ready) client.write("shutdown\n");
  }
  expect(text).toBe(`${ready}ok shutdown\r\n`);
  const { exitCode, stdout } = await running;
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
  expect(readdirSync(cwd)).toEqual([]);
});

test("in a GitHub job's log the runner obeys no command that a guest prints, and those that follow again", async () => {
  const env = { GITHUB_ACTIONS: "true" };
  const { stdout } = await runPetri(newFolder(), [...guest, "--expect", "0.1.0\r\n"], env);
  const [, token] = /^::stop-commands::([0-9a-f]{32})\n/.exec(stdout) ?? [];
  expect(stdout).toBe(`::stop-commands::${token}\n${ready}\n::${token}::\n`);
});

test("--com1 file=PATH and stderr", async () => {
  const cwd = newFolder();
  await runPetri(cwd, [...guest, "--com1", "file=com1.log", "--expect", "0.1.0\r\n"]);
  expect(readFileSync(join(cwd, "com1.log"), "utf8")).toBe(ready);
  const { stdout, stderr } = await runPetri(cwd, [...guest, "--com1", "stderr", "--expect", "0.1.0\r\n"]);
  expect({ stdout, stderr }).toEqual({ stdout: "", stderr: ready });
});

test("a reader that leaves ends a run quietly; with an expectation the run goes on to its answer", async () => {
  const left = startPetri(newFolder(), guest);
  left.stdout.destroy();
  expect(await left).toMatchObject({ exitCode: 0, stderr: "" });
  const goesOn = startPetri(newFolder(), [
    ...guest,
    "--expect",
    "ready",
    "--send",
    "echo x\\n",
    "--expect",
    "ok never",
    "--timeout",
    "2s",
  ]);
  await once(goesOn.stdout, "data");
  goesOn.stdout.destroy();
  expect(await goesOn).toMatchObject({ exitCode: 124 });
});

test("a reader that leaves while the guest is silent ends the run, too", async () => {
  const left = startPetri(newFolder(), guest);
  let seen = "";
  for await (const chunk of left.stdout.iterator({ destroyOnReturn: true })) {
    seen += chunk;
    if (/ready kernel \S+\r?\n/.test(seen)) break;
  }
  expect(await left).toMatchObject({ exitCode: 0, stderr: "" });
});

test("--trace keeps the record even of a success, and petri repro boots it again", async () => {
  const cwd = newFolder();
  const first = await runPetri(cwd, [...guest, "--trace", "here", "--expect", "ready"]);
  expect(first.exitCode).toBe(0);
  expect(readdirSync(join(cwd, "here")).sort()).toEqual([
    "com1.log",
    "events.jsonl",
    "machine.json",
    "placement.json",
    "plan.json",
    "vmm.log",
  ]);
  const again = await runPetri(cwd, ["repro", "here", "--expect", "ready", "--quiet"]);
  expect(again).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});
