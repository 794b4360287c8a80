import { UsageError } from "../../machine/errors.ts";
import type { Console } from "../console.ts";
import type { ConsoleState } from "../console-state.ts";
import { Screen, type ScreenOptions, type ScreenSetup } from "./screen.ts";

const longestSide = 200;

/** The screens of one console: the same options give the same screen, which need not begin anew. */
export class Screens {
  readonly #byKey = new Map<string, Screen>();

  /** Throws UsageError that names every option that is wrong. */
  get(console: Console, state: ConsoleState, options: ScreenOptions): Screen {
    const setup = setupOf(state, options);
    const key = JSON.stringify(setup);
    const screen = this.#byKey.get(key) ?? new Screen(console, state, setup);
    this.#byKey.set(key, screen);
    return screen;
  }
}

function setupOf(state: ConsoleState, options: ScreenOptions): ScreenSetup {
  const { columns = 80, rows = 25, encoding = "utf-8", from = "start", answers = false } = options;
  const problems = [
    ...(isSide(columns, 2) ? [] : [`columns: ${columns} is not a whole number from 2 to ${longestSide}`]),
    ...(isSide(rows, 1) ? [] : [`rows: ${rows} is not a whole number from 1 to ${longestSide}`]),
    ...(encoding === "utf-8" || encoding === "cp437" ? [] : [`encoding: ${encoding} is not utf-8 or cp437`]),
  ];
  const offset = offsetOf(state, from);
  if (offset === undefined) problems.push(`from: ${from} is not "start", "now", { after: event } or a byte offset`);
  if (offset === undefined || problems.length > 0) throw UsageError.of(problems, "screen() has options it cannot use");
  return { columns, rows, encoding, from: offset, answers };
}

function isSide(length: number, least: number): boolean {
  return Number.isInteger(length) && length >= least && length <= longestSide;
}

function offsetOf(state: ConsoleState, from: NonNullable<ScreenOptions["from"]>): number | undefined {
  if (from === "start") return 0;
  if (from === "now") return state.source.end;
  if (typeof from === "number") return Number.isInteger(from) && from >= 0 ? from : undefined;
  return typeof from === "object" ? state.offsetOf(from.after) : undefined;
}
