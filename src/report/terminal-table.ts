import { neutralise, oneLine } from "./escape.ts";
import { type MatrixRow, marks, matrixTable } from "./matrix-table.ts";
import type { Outcome, TestResult } from "./model.ts";
import type { Paint } from "./paint.ts";
import { pad, truncate, width } from "./text-width.ts";

const gap = 2;
const disagreement = "≠";
const maxColumnName = 14;
const minLabel = 12;

/** The table of tests by VMM as lines of at most `columns`; none when no test booted a machine. */
export function terminalTable(tests: readonly TestResult[], paint: Paint, columns: number): string[] {
  const table = matrixTable(tests);
  if (table.rows.length === 0) return [];
  const share = Math.floor((columns - minLabel - 2 * gap - 1) / table.columns.length) - gap;
  const nameWidth = Math.max(2, Math.min(maxColumnName, share));
  const names = table.columns.map((name) => truncate(harmless(name), nameWidth));
  const widths = names.map((name) => Math.max(width(name), 1) + gap);
  const cellsWidth = widths.reduce((sum, each) => sum + each, 0) + 1;
  const labels = rowLabels(table.rows, Math.max(minLabel, columns - cellsWidth - gap));
  const labelWidth = Math.max(...labels.map(width)) + gap;

  const header = names.map((name, index) => pad(name, widths[index] ?? 0)).join("");
  const hasFiles = new Set(table.rows.map((row) => row.file)).size > 1;
  const lines = [" ".repeat(labelWidth) + paint.bold(header.trimEnd())];
  let file: string | undefined;
  for (const [index, row] of table.rows.entries()) {
    if (hasFiles && row.file !== file) lines.push(paint.dim(truncate(harmless(row.file), columns)));
    file = row.file;
    const cells = row.cells.map((cell, column) => drawCell(cell, paint) + " ".repeat((widths[column] ?? 1) - 1));
    const end = row.disagrees ? paint.yellow(disagreement) : "";
    lines.push((pad(labels[index] ?? "", labelWidth) + cells.join("") + end).trimEnd());
  }
  return [...lines, ...legend(table.rows, paint, columns)];
}

/** Before widths are measured: what is escaped afterwards would be wider. */
const harmless = (text: string) => neutralise(oneLine(text, { maxLength: 500 }));

/** `title [uefi debian-12]`; following rows of the same test show only what differs. A title gives way to its cell. */
function rowLabels(rows: readonly MatrixRow[], maxWidth: number): string[] {
  let before: MatrixRow | undefined;
  let indent = "";
  return rows.map((row) => {
    const variant = `[${truncate(harmless(row.variant), Math.max(8, Math.floor(maxWidth / 2) - 2))}]`;
    if (before?.file !== row.file || before.title !== row.title) {
      const room = maxWidth - width(variant) - 1;
      const title = truncate(harmless(row.title), Math.max(1, room));
      before = row;
      indent = " ".repeat(width(title));
      return `${title} ${variant}`;
    }
    return `${indent.slice(0, Math.max(0, maxWidth - width(variant) - 1))} ${variant}`;
  });
}

function drawCell(cell: Outcome | undefined, paint: Paint): string {
  switch (cell) {
    case "passed":
      return paint.green(marks.passed);
    case "failed":
      return paint.red(marks.failed);
    case "flaky":
      return paint.yellow(marks.flaky);
    case "skipped":
      return paint.dim(marks.skipped);
    case undefined:
      return " ";
  }
}

function legend(rows: readonly MatrixRow[], paint: Paint, columns: number): string[] {
  const outcomes = (["passed", "flaky", "failed", "skipped"] as const).filter((outcome) =>
    rows.some((row) => row.cells.includes(outcome)),
  );
  const parts = outcomes.map((outcome) => `${marks[outcome]} ${outcome}`);
  if (rows.some((row) => row.disagrees)) parts.push(`${disagreement} VMMs disagree`);
  return [paint.dim(truncate(parts.join("   "), columns))];
}
