import { expect, test, vi } from "vitest";
import { UnsupportedError } from "../machine/errors.ts";
import type { PowerEvent, PowerKind } from "../power/event.ts";
import { PowerJournal } from "../power/journal.ts";
import type { Facets } from "../vmm/contract.ts";
import { type Climb, climb, type ShutdownOptions } from "./shutdown-ladder.ts";

const event = (kind: PowerKind): Omit<PowerEvent, "index"> => ({
  ...{ kind, cause: "acpi-s5", action: "halt", evidence: [], confidence: "reported", at: 1, offsets: {} },
});

/** A guest that does as told when asked. */
function setUp(asked: { command?: (power: PowerJournal) => void; button?: (power: PowerJournal) => void } = {}) {
  const power = new PowerJournal();
  const steps: string[] = [];
  const facets: Partial<Facets> = asked.button ? { powerButton: async () => asked.button?.(power) } : {};
  const parts: Climb = {
    ...{ power, facets, kill: vi.fn(async () => {}), scene: () => ["last lines of com1:", "  | busy"] },
    guest: {
      shutdown: async () => {
        if (!asked.command) throw new UnsupportedError("no driver");
        asked.command(power);
      },
    },
    step: async (title, body) => {
      try {
        const result = await body();
        steps.push(`${title}: ok`);
        return result;
      } catch (error) {
        steps.push(`${title}: ${(error as Error).message}`);
        throw error;
      }
    },
  };
  const refusal = (options: ShutdownOptions) => climb(parts, options).then(() => "nothing", String);
  return { power, parts, steps, facets, refusal };
}
const off = (power: PowerJournal) => void power.record(event("shutdown"));
const deaf = () => {};

test("the first rung that works is the last", async () => {
  const { parts, steps, power } = setUp({ command: off, button: off });
  const { rung, event, rungs } = await climb(parts, {});
  expect([rung, event, rungs.map(({ outcome }) => outcome)]).toEqual(["command", power.events[0], ["worked"]]);
  expect(steps).toEqual(["shutdown: the guest's command, within 30 s: ok"]);
  expect(power.unacknowledged()).toEqual([]);
  expect(power.unawaited()).toEqual([]);
});

test("what is not there is passed at once, and what does not work in its time", async () => {
  const { parts, steps } = setUp({ button: deaf });
  const ladder = ["command", { rung: "button", within: 20 }, "kill"] as const;
  const { rung, event, rungs } = await climb(parts, { ladder });
  expect([rung, event]).toEqual(["kill", undefined]);
  expect(rungs).toMatchObject([
    { rung: "command", outcome: "refused", why: "no driver" },
    { rung: "button", outcome: "too late", why: "the guest did not power off within 20 ms" },
    { rung: "kill", outcome: "worked" },
  ]);
  expect(rungs[1]?.ms).toBeGreaterThanOrEqual(19);
  expect(parts.kill).toHaveBeenCalledOnce();
  expect(steps).toEqual([
    "shutdown: the guest's command, within 30 s: no driver",
    "shutdown: the power button, within 20 ms: the guest did not power off within 20 ms",
    "shutdown: kill: ok",
  ]);
});

test("a guest that hangs is told by what was tried, and by what it said last", async () => {
  const { facets, refusal } = setUp({ command: deaf, button: deaf });
  facets.isHaltedForGood = async () => true;
  expect(
    await refusal({
      ladder: [
        { rung: "command", within: 10 },
        { rung: "button", within: 10 },
      ],
    }),
  ).toMatchInlineSnapshot(`
    "TimeoutError: the guest did not shut down by command, button:
      command: the guest did not power off within 10 ms
      button: the guest did not power off within 10 ms
    every vCPU is halted with interrupts off: it stopped for good, and left the machine on
    last lines of com1:
      | busy
    If it only needs longer: { ladder: [{ rung: "command", within: "2m" }] }. To end it all the same, add "kill"."
  `);
});

test("a command that fails may have been carried out", async () => {
  const { parts } = setUp({
    command: (power) => {
      setImmediate(() => off(power));
      throw new Error("the console has ended");
    },
  });
  expect(await climb(parts, {})).toMatchObject({ rung: "command" });
});

test("a guest that does something else is not asked again", async () => {
  const { refusal, steps } = setUp({ command: (power) => void power.record(event("reset")), button: off });
  expect(await refusal({})).toMatch(/^UnexpectedPowerEvent: .*reset/);
  expect(steps).toHaveLength(1);
});

test("a guest that nothing can ask is refused, not called a hang", async () => {
  expect(await setUp().refusal({})).toMatchInlineSnapshot(`
    "UnsupportedError: the guest cannot be asked to shut down:
      command: no driver
      button: the VMM has no power button for this machine"
  `);
});

test("every mistake in a ladder is told at once, before anything is done", async () => {
  const { refusal, steps, parts } = setUp({ command: off });
  expect(await refusal({ ladder: [] })).toMatchInlineSnapshot(
    `"UsageError: it has no rung; there are command, button, kill"`,
  );
  const wrong = ["kill", "agent", { rung: "command", within: "soon" }, { rung: "button", within: 0 }];
  expect(await refusal({ ladder: wrong as never })).toMatchInlineSnapshot(`
    "UsageError: the shutdown ladder is not right:
      - nothing can follow "kill"
      - "agent" is no rung of it; there are command, button, kill
      - command.within: "soon" is not a duration: write a number with ms, s, m or h, such as 250ms or 5s
      - button.within: 0 leaves the guest no time"
  `);
  expect(steps).toEqual([]);
  expect(parts.kill).not.toHaveBeenCalled();
});
