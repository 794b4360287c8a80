import { UsageError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import type { ScreenSnapshot } from "./snapshot.ts";

export interface ScreenPattern {
  /** For messages: `"Boot Manager"` or `/^> /`. */
  readonly title: string;
  isShown(screen: ScreenSnapshot): boolean;
}

/** Throws UsageError for what is shown always or never. */
export function compileScreenPattern(pattern: string | RegExp): ScreenPattern {
  if (pattern instanceof RegExp) {
    const { source, flags } = pattern;
    // `^` and `$` are a row's; g and y would make the answer depend on the last one.
    const regex = new RegExp(source, `${flags.replace(/[gmy]/g, "")}m`);
    return { title: printable(String(pattern)), isShown: ({ text }) => regex.test(text) };
  }
  if (pattern === "") throw new UsageError('toShow(""): an empty text is on every screen; name what is shown');
  if (/[\0-\x1f\x7f]/.test(pattern)) {
    throw new UsageError(
      `toShow("${printable(pattern)}"): a row of a screen holds no control characters; look for one row, or use /…/`,
    );
  }
  return {
    title: `"${printable(pattern)}"`,
    // A text that ends in blanks may stand at the end of a row.
    isShown: ({ lines, columns }) => lines.some((line) => line.padEnd(columns).includes(pattern)),
  };
}
