import type { Outcome, TestResult } from "./model.ts";

/** Each test by VMM: the data of the table that the terminal and the job summary draw. */
export interface MatrixTable {
  /** VMMs, in order of appearance; `qemu/tcg` where one ran with several accelerators. */
  readonly columns: readonly string[];
  /** By file, then test, in order of appearance. */
  readonly rows: readonly MatrixRow[];
}

export interface MatrixRow {
  readonly file: string;
  readonly title: string;
  /** The rest of the cell: `uefi debian-12`. */
  readonly variant: string;
  /** One per column; undefined where the test has no such cell. */
  readonly cells: readonly (Outcome | undefined)[];
  /** It passed on one VMM and failed on another. */
  readonly disagrees: boolean;
}

export const marks: Readonly<Record<Outcome, string>> = { passed: "✓", failed: "✗", skipped: "–", flaky: "~" };

/** When two results fall into one place, the worse is shown. */
const severity: readonly Outcome[] = ["skipped", "passed", "flaky", "failed"];

/** Tests that boot no machine have no row. */
export function matrixTable(tests: readonly TestResult[]): MatrixTable {
  const columnOf = columnNames(tests);
  const columns = [...new Set(tests.flatMap((test) => columnOf(test) ?? []))];
  const files = new Map<string, Map<string, Map<string, Map<string, Outcome>>>>();
  for (const test of tests) {
    const column = columnOf(test);
    if (!test.cell || column === undefined) continue;
    const titles = inner(files, test.file, () => new Map());
    const variants = inner(titles, [...test.suite, test.title].join(" > "), () => new Map());
    const cells = inner(variants, `${test.cell.boot} ${test.cell.image}`, () => new Map<string, Outcome>());
    cells.set(column, worse(cells.get(column), test.outcome));
  }
  const rows = [...files].flatMap(([file, titles]) =>
    [...titles].flatMap(([title, variants]) =>
      [...variants].map(([variant, byColumn]) => {
        const cells = columns.map((column) => byColumn.get(column));
        return { file, title, variant, cells, disagrees: disagree(cells) };
      }),
    ),
  );
  return { columns, rows };
}

function columnNames(tests: readonly TestResult[]): (test: TestResult) => string | undefined {
  const accelerators = new Map<string, Set<string | undefined>>();
  for (const { cell } of tests) {
    if (cell) inner(accelerators, cell.vmm, () => new Set()).add(cell.accelerator);
  }
  return ({ cell }) => {
    if (!cell) return undefined;
    const isSplit = (accelerators.get(cell.vmm)?.size ?? 0) > 1;
    return isSplit && cell.accelerator !== undefined ? `${cell.vmm}/${cell.accelerator}` : cell.vmm;
  };
}

/** Skipped cells say nothing about their VMM. */
function disagree(cells: readonly (Outcome | undefined)[]): boolean {
  return cells.includes("failed") && (cells.includes("passed") || cells.includes("flaky"));
}

function worse(a: Outcome | undefined, b: Outcome): Outcome {
  return a !== undefined && severity.indexOf(a) > severity.indexOf(b) ? a : b;
}

function inner<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const value = map.get(key) ?? create();
  map.set(key, value);
  return value;
}
