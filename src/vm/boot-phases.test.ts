import { appendFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ResolvedImage } from "../image/recipe.ts";
import { machineSchema } from "../machine/machine.ts";
import { Waits } from "../power/wait.ts";
import { BootPhases } from "./boot-phases.ts";
import { ConsoleSet } from "./console-set.ts";
import { ProgressWatch } from "./progress-watch.ts";

const ms = 1e6;

/** Boots without a VM: what the consoles print and when comes from the test; the clock began `agoMs` ago. */
function setUp({ kind = "kernel" as "kernel" | "uefi", ready = "^up$", agoMs = 0 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "petri-phases-"));
  const consoles = new ConsoleSet(["com1", "com2"], dir, { send: () => {}, defaultTimeoutMs: () => 2000 });
  const ends = { com1: 0, com2: 0 };
  for (const name of ["com1", "com2"]) writeFileSync(join(dir, `${name}.log`), "");
  const notes: string[] = [];
  const boot = kind === "kernel" ? { kind, kernel: "/k" } : { kind };
  const phases = new BootPhases(
    {
      machine: machineSchema.parse({ boot }),
      image: { ready: { source: ready, flags: "m" } } as ResolvedImage,
      consoles,
      progress: new ProgressWatch({ budgetMs: undefined, onStuck: () => {} }),
      defaultTimeoutMs: () => 2000,
      trace: { clockStart: process.hrtime.bigint() - BigInt(agoMs * ms) },
    },
    new Waits(),
    (event, t) => event.kind === "phase" && notes.push(`${event.boot} ${event.phase} ${t / ms}`),
  );
  const print = (text: string, atMs: number, name: "com1" | "com2" = "com1") => {
    appendFileSync(join(dir, `${name}.log`), text);
    ends[name] += Buffer.byteLength(text);
    consoles.advance(name, ends[name], atMs * ms);
  };
  return { phases, consoles, notes, print };
}

test("phases carry the time their bytes came, on whichever console", async () => {
  const { phases, notes, print } = setUp({ kind: "uefi" });
  phases.begin(10 * ms);
  print("Welcome to GRUB!\r\n", 200, "com2");
  print("[    0.000000] Linux ver", 300);
  print("sion 6.1\r\n", 310);
  print("\x1b[Hup", 400);
  print("\r\n", 410);
  print("later\r\n", 500);
  await phases.reach("ready", {});
  expect(notes).toEqual(["1 firmware 10", "1 loader 200", "1 kernel 310", "1 ready 400"]);
  expect(phases.records.at(-1)).toMatchObject({
    phase: "ready",
    afterMs: 390,
    console: "com1",
    offset: 37,
    evidence: "up",
  });
});

test("a reset starts over; what was printed before it belongs to the boot before", async () => {
  const { phases, notes, print } = setUp();
  phases.begin(0);
  print("up\r\n[    0.000000] Linux version 6.1 (cut o", 100);
  await phases.reach("ready", {});
  phases.begin(200 * ms);
  print("ff)\r\n", 300);
  const ready = phases.reach("ready", {});
  print("[    0.000000] Linux version 6.1\r\nup\r\n", 400);
  expect((await ready).boot).toBe(2);
  expect(notes).toEqual(["1 ready 100", "2 kernel 400", "2 ready 400"]);
});

test("a phase beyond the one that is waited for will do, since a boot may leave some out", async () => {
  const { phases, print } = setUp();
  phases.begin(0);
  const reached = phases.reach("loader", {});
  print("Run /init as init process\n", 100);
  expect(await reached).toMatchObject({ phase: "init", afterMs: 100 });
});

test("within counts from where the boot began, whenever one asks", async () => {
  const { phases, print } = setUp({ agoMs: 60_000 });
  phases.begin(1000 * ms);
  print("Linux version 6.1\n", 4200);
  await expect(phases.reach("kernel", { within: "3200ms" })).resolves.toMatchObject({ afterMs: 3200 });
  await expect(phases.reach("kernel", { within: "2s" })).rejects.toThrow(
    "expected phase kernel within 2 s of its boot's start, but it was reached after 3.2 s\nphases of boot 1:\n  kernel after 3.2 s: Linux version 6.1",
  );
  await expect(phases.reach("ready", { within: "30s" })).rejects.toThrow(
    /^expected phase ready within 30 s of its boot's start, but it was not reached\nin phase kernel for 55\.\d s\n/,
  );
});

test("the span of a boot begins with that boot, not with the wait", async () => {
  const { phases, print } = setUp({ agoMs: 10_000 });
  const reached = phases.reach("kernel", { within: "50ms", timeout: "10s" });
  // Its time would be over if it counted from the call.
  await new Promise((resolve) => setTimeout(resolve, 120));
  phases.begin(10_120 * ms);
  print("Linux version 6.1\n", 10_130);
  expect(await reached).toMatchObject({ afterMs: 10 });
});

test("a wait that gets nothing says so, and never resumed is a reason", async () => {
  const { phases } = setUp();
  await expect(phases.reach("ready", { timeout: 20 })).rejects.toThrow(
    "expected phase ready within 20 ms, but it was not reached\nthe VM was never resumed",
  );
  expect(() => phases.reach("login" as "ready", {})).toThrow(
    '"login" is no boot phase: write firmware, loader, kernel, init, ready',
  );
  const stop = new AbortController();
  const off = phases.reach("ready", { signal: stop.signal });
  stop.abort(new Error("called off"));
  await expect(off).rejects.toThrow("called off");
});

test("the end rejects a wait with its reason, unless the last bytes hold the answer", async () => {
  const { phases, consoles, print } = setUp({ ready: "up" });
  phases.begin(0);
  const ready = phases.reach("ready", {});
  print("up", 5);
  consoles.end(new Error("the guest powered off"), { inOrder: true });
  phases.end(new Error("the guest powered off"));
  expect(await ready).toMatchObject({ phase: "ready" });
  const other = setUp();
  other.phases.begin(0);
  const lost = other.phases.reach("kernel", {});
  other.phases.end(new Error("the guest powered off"));
  await expect(lost).rejects.toThrow('the guest powered off while waiting for reach("kernel")\nno phase of boot 1');
  other.phases.poison(new Error("it crashed"));
  await expect(other.phases.reach("kernel", {})).rejects.toThrow("it crashed");
});

test("a phase that does not come is missed with what the consoles printed last", async () => {
  const { phases, print } = setUp({ agoMs: 100 });
  phases.begin(0);
  print("half a boot\r\n", 5);
  print("::add-mask::x\r\n", 5, "com2");
  const message = await phases.reach("init", { within: 1 }).catch((error: Error) => error.message);
  expect(message).toMatch(
    /^expected phase init within 1 ms of its boot's start, but it was not reached\nno phase was recognised since .* ago\nlast/,
  );
  expect(message).toContain("last lines of com1:\n  | half a boot\nlast lines of com2:\n  | \\x3a:add-mask::x");
});
