import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test, vi } from "vitest";
import { localHost } from "../host/local.ts";
import { firstDifference } from "./boot/first-difference.ts";
import { newFolder, runPetri, startPetri } from "./test/run-petri.ts";

vi.setConfig({ testTimeout: 120_000 });

const hasQemu = localHost.which("qemu-system-x86_64") !== undefined;
const hasGdb = localHost.which("gdb") !== undefined;

const machine = ["--image", "petri-guest", "--vmm", "qemu", "--record", "--guest-reset-action", "halt"];
const talk = ["--expect", "ready", "--send", "flood 20000 7\\n", "--expect", "crc32="];

/** A folder with the record of a run that a driver talked to. */
async function recorded(...more: readonly string[]): Promise<string> {
  const cwd = newFolder();
  const run = await runPetri(cwd, ["boot", ...machine, "--trace", "record", "--quiet", ...talk, ...more]);
  expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  return cwd;
}

const replay = (cwd: string, ...more: readonly string[]) =>
  runPetri(cwd, ["repro", "record", "--replay", "--timeout", "60s", ...more]);

describe.runIf(hasQemu)("a recorded run", () => {
  test("is repeated to the byte, from a disk as well, up to its end", async () => {
    const cwd = await recorded("--boot", "pcat");
    const bytes = readFileSync(join(cwd, "record/com1.log")).length;
    expect(await replay(cwd)).toEqual({
      exitCode: 0,
      stdout: `the replay is as recorded: ${bytes} bytes of com1; the recording ended\n`,
      stderr: "",
    });
    expect(existsSync(join(cwd, "results"))).toBe(false);
  });

  test("is repeated up to what its guest did to its power", async () => {
    const cwd = await recorded("--send", "reset keyboard\\n", "--expect", "/ok reset/");
    const { exitCode, stdout } = await replay(cwd);
    expect(stdout).toMatch(
      /^the replay is as recorded: \d+ bytes of com1; the guest reset \(keyboard-controller\) at /,
    );
    expect(exitCode).toBe(0);
  });

  test("that does not print what was recorded is told with the byte where it leaves it", async () => {
    const cwd = await recorded();
    const log = join(cwd, "record/com1.log");
    const bytes = readFileSync(log);
    bytes[1000] = 1;
    writeFileSync(log, bytes);
    const { exitCode, stderr } = await replay(cwd);
    expect(stderr).toMatch(/^petri: the replay left the recording at byte 1000 of com1\n {2}recorded: .*\\u0001/);
    expect(exitCode).toBe(70);
  });

  test("whose VMM was killed before the recording ended is refused", async () => {
    const cwd = await recorded();
    const path = join(cwd, "record/recording");
    const bytes = readFileSync(path);
    bytes.writeUInt32BE(0);
    writeFileSync(path, bytes);
    const { exitCode, stderr } = await replay(cwd);
    expect(stderr).toContain("the recording of record was cut off");
    expect(exitCode).toBe(64);
  });

  test.runIf(hasGdb)("has the same registers at the same instruction each time, and can be gone back in", async () => {
    const cwd = await recorded();
    const steps = ["stepi 3000", "info registers", "reverse-stepi", "p/x $rip", "stepi", "info registers"];
    const look = async () => {
      const socket = join(cwd, "gdb");
      const running = startPetri(cwd, ["repro", "record", "--replay", "--gdb", socket]);
      await new Promise<void>((resolve) => {
        let told = "";
        running.stdout?.on("data", (text: string) => {
          told += text;
          if (told.includes("connect with")) resolve();
        });
      });
      const target = ["set architecture i386:x86-64", `target remote ${socket}`, ...steps];
      const { stdout } = await execa("gdb", ["-nx", "-batch", ...target.flatMap((each) => ["-ex", each])]);
      running.kill("SIGINT");
      await running;
      return stdout;
    };
    const first = await look();
    expect(await look()).toBe(first);
    const [there, back, again] = [...first.matchAll(/^(?:rip +|\$1 = )(0x\w+)/gm)].map(([, rip]) => rip);
    expect(back).toMatch(/^0x/);
    expect(back).not.toBe(there);
    expect(again).toBe(there);
  });
});

test("a trace without a recording, and options that a replay does not take, are refused before anything starts", async () => {
  const cwd = newFolder();
  const boot = ["boot", "--image", "petri-guest", "--vmm", "v86", "--trace", "record", "--quiet", "--expect", "ready"];
  expect(await runPetri(cwd, boot)).toMatchObject({ exitCode: 0 });
  const refusal = async (...args: readonly string[]) => {
    const { exitCode, stderr } = await runPetri(cwd, ["repro", "record", ...args]);
    return [exitCode, stderr.split("\n")[0]];
  };
  const none = "petri: record holds no recording: boot with --record, or machine: { record: true }, and keep the trace";
  expect(await refusal("--replay")).toEqual([64, none]);
  expect(await refusal("--gdb", "x")).toEqual([64, "petri: --gdb x: needs --replay"]);
  const compared = "--expect, --send and --fail-on: a replay is compared with its recording; leave them out";
  expect(await refusal("--replay", "--expect", "x")).toEqual([64, `petri: ${compared}`]);
});

test.each([
  ["abc", "abc", undefined],
  ["abc", "abd", 2],
  ["abc", "ab", 2],
  ["", "a", 0],
] as const)("%j and %j part at %s", (one, other, at) => {
  expect(firstDifference(Buffer.from(one), Buffer.from(other))).toBe(at);
});
