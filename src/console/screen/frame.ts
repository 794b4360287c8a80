import { printable } from "../printable.ts";
import type { ScreenSnapshot } from "./snapshot.ts";

/** The screen in a frame, safe to show anywhere; blank rows at its end are only counted. */
export function framed({ lines, columns, rows, cursor }: ScreenSnapshot): string[] {
  const filled = lines.findLastIndex((line) => line !== "") + 1;
  const shown = lines.slice(0, filled).map((line) => `  │${printable(line).padEnd(columns)}│`);
  const rule = "─".repeat(columns);
  const where = `cursor in row ${cursor.row}, column ${cursor.column}${cursor.isVisible ? "" : ", hidden"}`;
  if (filled === 0) return [`the screen (${columns}x${rows}) is blank; ${where}`];
  const blank = rows - filled;
  return [
    `the screen (${columns}x${rows}; ${where}):`,
    `  ┌${rule}┐`,
    ...shown,
    `  └${rule}┘${blank > 0 ? ` and ${blank} blank ${blank === 1 ? "row" : "rows"}` : ""}`,
  ];
}
