import { expect, test } from "vitest";
import type { WatchdogName } from "../../machine/machine.ts";
import type { Guest } from "../driver.ts";
import { shellGuest } from "../shell.ts";
import { scriptedGuest } from "../test/scripted-guest.ts";

/** A shell in which the commands that match fail, and those that end it print nothing more. */
function linux({
  fails = /^$/,
  ends = /^$/,
  watchdog,
}: {
  fails?: RegExp;
  ends?: RegExp;
  watchdog?: WatchdogName | undefined;
} = {}) {
  const guest = scriptedGuest((line) => {
    const [, command = line] = /^(.*); echo "<\$\?>"$/.exec(line) ?? [];
    if (ends.test(line)) return `${line}\r\n`;
    return command === line ? `${line}\r\n# ` : `${line}\r\n<${fails.test(command) ? 1 : 0}>\r\n# `;
  });
  guest.print("ready\n# ");
  const commands = () => guest.sent.map((line) => line.replace(/; echo "<\$\?>"$/, ""));
  return { ...guest, commands, driver: shellGuest({ ...guest.host, watchdog }, "# ") };
}

async function refusal(ask: (driver: Guest) => Promise<unknown>, how: Parameters<typeof linux>[0] = {}) {
  const { driver, crashes, commands } = linux(how);
  const error = await ask(driver).then(() => "nothing", String);
  return { error, crashes, last: commands().at(-1) };
}

test("a crash is expected before it is typed", async () => {
  const { driver, crashes, commands } = linux();
  await driver.crash("panic");
  await driver.crash("bug");
  await driver.tripleFault();
  expect(crashes).toEqual(["kernel panic: sysrq triggered crash", "kernel BUG in crash_bug", "triple-fault"]);
  expect(commands()).toEqual([
    "echo c >/proc/sysrq-trigger",
    "command -v crash >/dev/null",
    "crash BUG",
    "command -v crash >/dev/null",
    "crash TRIPLE_FAULT",
  ]);
});

test("what the kernel survives without a word is not expected", async () => {
  const { driver, crashes } = linux();
  await driver.crash("out-of-memory");
  expect(crashes).toEqual([]);
});

test("a Linux that cannot crash so is told before anything is expected", async () => {
  const { error, crashes } = await refusal((driver) => driver.crash("bug"), { fails: /^command -v crash/ });
  expect(error).toBe(
    'UnsupportedError: this Linux cannot crash by bug on command: it has no program "crash"; use the image debian-crash',
  );
  expect(crashes).toEqual([]);
  expect(await refusal((driver) => driver.tripleFault(), { fails: /^command -v crash/ })).toMatchObject({
    error: expect.stringContaining("cannot crash by triple-fault on command"),
    crashes: [],
  });
});

test("hibernation without swap, and sleep that is not there, are one clear error each", async () => {
  expect(await refusal((driver) => driver.hibernate(), { fails: /swaps/ })).toMatchObject({
    error: expect.stringMatching(
      /^UsageError: the guest cannot hibernate: it has no swap space; give the machine a disk/,
    ),
    last: "grep -q ^/ /proc/swaps",
  });
  expect((await refusal((driver) => driver.hibernate(), { fails: /platform/ })).error).toMatch(
    /^UsageError: the guest cannot hibernate: its machine has no ACPI S4/,
  );
  expect((await refusal((driver) => driver.suspend(), { fails: /mem_sleep/ })).error).toMatch(
    /^UsageError: the guest cannot suspend to RAM: its machine has no ACPI S3/,
  );
});

test("a guest that hibernated goes on at its prompt, and boots anew the time after", async () => {
  const { driver, print, reboot, commands } = linux({ ends: /^echo disk/ });
  await driver.hibernate();
  reboot();
  const first = driver.halt();
  print("BIOS\r\nPM: hibernation exit\r\n# ");
  await first;
  await driver.suspend();
  expect(commands().slice(-3)).toEqual(["halt -f", "grep -qw deep /sys/power/mem_sleep", "echo mem >/sys/power/state"]);
  reboot();
  const second = driver.halt();
  print("# not yet\r\n");
  await new Promise((resolve) => setImmediate(resolve));
  expect(commands().at(-1)).toBe("echo mem >/sys/power/state");
  print("ready\r\n# ");
  await second;
});

test("a watchdog is armed by its own driver, in whole seconds", async () => {
  const { driver, commands } = linux({ watchdog: "ib700" });
  await driver.watchdog({ arm: 1500 });
  await driver.watchdog("pet");
  await driver.watchdog("stop");
  expect(commands()).toEqual([
    "{ printf V >&3; } 2>/dev/null; exec 3>&-",
    "modprobe -r ib700wdt; modprobe ib700wdt timeout=2",
    "[ -c /dev/watchdog ]",
    "exec 3>/dev/watchdog",
    "printf . >&3",
    "{ printf V >&3; } 2>/dev/null; exec 3>&-",
  ]);
  const named = linux({ watchdog: "i6300esb" });
  await named.driver.watchdog({ arm: "3s" });
  expect(named.commands().join("\n")).toContain("watchdog -T 3 -t 3000 -F /dev/watchdog");
});

test("a watchdog that is not there, or not for that time, is told before it is armed", async () => {
  const arm = (watchdog: WatchdogName | undefined, time: string, fails = /^$/) =>
    refusal((driver) => driver.watchdog({ arm: time }), { watchdog, fails }).then(({ error }) => error);
  expect([
    await arm(undefined, "2s"),
    await arm("wdat", "2s"),
    await arm("ib700", "31s"),
    await arm("itco", "20m"),
    await arm("i6300esb", "soon"),
    await arm("i6300esb", "2s", /^\[ -c/),
    await arm("i6300esb", "2s", /watchdog -T/),
    await arm("i6300esb", "2s", /^exec/),
  ]).toMatchInlineSnapshot(`
    [
      "UsageError: the machine has no watchdog to arm: give it one by machine: { watchdog: "any" }",
      "UnsupportedError: a Linux image does not drive the watchdog wdat; write any, i6300esb, ib700 or itco",
      "UsageError: the watchdog ib700 takes at most 30 s, not 31 s",
      "UsageError: the watchdog itco takes at most 613 s, not 1200 s",
      "UsageError: a watchdog cannot be armed with "soon": write milliseconds, or a number with ms, s, m or h, such as 250ms or 5s",
      "UnsupportedError: the guest has no driver for the watchdog i6300esb; use the image debian",
      "VmmError: the watchdog i6300esb does not take 2 s",
      "VmmError: the watchdog cannot be armed: another program has it",
    ]
  `);
});
