import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Oracle } from "../src/oracle/oracle.ts";
import type { Finding } from "../src/oracle/rule.ts";
import type { Figure } from "./table.ts";

/** A folder per OS of labelled logs; ORACLE_CORPUS names another. ORACLE_LIST shows every log that disagrees. */
const folder =
  process.env.ORACLE_CORPUS ?? fileURLToPath(new URL("../../shared/corpora/console-crashes", import.meta.url));
const list = process.env.ORACLE_LIST !== undefined;

/** What is asked of each share, in percent; at most so many for findings in healthy logs. */
const targets = { found: 99, "false positives": 0, type: 90, title: 80 };

interface Labels {
  readonly titles: readonly string[];
  readonly type: string | undefined;
  readonly log: Buffer;
}

/** Header lines, a blank line, the log, and from `REPORT:` on what the corpus' own tool made of it. */
function readLabelled(path: string): Labels {
  const bytes = readFileSync(path);
  const blank = bytes.indexOf("\n\n");
  const firstLine = bytes.subarray(0, bytes.indexOf("\n")).toString();
  const header = firstLine === "" ? "" : bytes.subarray(0, blank).toString();
  const logStart = firstLine === "" ? 1 : blank + 2;
  const report = bytes.indexOf("\nREPORT:", logStart);
  const of = (name: string) =>
    header
      .split("\n")
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2));
  return {
    titles: [...of("TITLE"), ...of("ALT")],
    type: of("TYPE")[0],
    log: bytes.subarray(logStart, report < 0 ? undefined : report + 1),
  };
}

/** Our types in the corpus' words; the others are the same in capitals. */
const corpusTypes: Readonly<Record<string, string>> = {
  dos: "DoS",
  exception: "DoS",
  assert: "DoS",
  "no-boot": "DoS",
  emergency: "DoS",
  "memory-safety-bug": "MEMORY_SAFETY_BUG",
  "refcount-warning": "REFCOUNT_WARNING",
  "atomic-sleep": "ATOMIC_SLEEP",
  "syz-failure": "SYZ_FAILURE",
};
const asCorpusType = (type: string) => corpusTypes[type] ?? type.toUpperCase();

interface Sums {
  labelled: number;
  found: number;
  healthy: number;
  falsePositives: number;
  typed: number;
  typeAgrees: number;
  titleAgrees: number;
}

/** How well the oracle agrees with a corpus, per OS. `ratio` is the value divided by the target. */
export function bench(): Promise<Figure[]> {
  if (!existsSync(folder)) throw new Error(`no labelled logs in ${folder}: name their folder with ORACLE_CORPUS`);
  const systems = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const figures = systems.flatMap(({ name: os }) => {
    const sums = judgeAll(os);
    const percent = (part: number, whole: number) => (whole === 0 ? 100 : (100 * part) / whole);
    const values = {
      found: percent(sums.found, sums.labelled),
      "false positives": sums.falsePositives,
      type: percent(sums.typeAgrees, sums.typed),
      title: percent(sums.titleAgrees, sums.labelled),
    };
    console.log(
      `${os.padEnd(8)} found ${values.found.toFixed(1)} % of ${sums.labelled}, ${sums.falsePositives} findings in ` +
        `${sums.healthy} healthy logs, type ${values.type.toFixed(1)} % of ${sums.typed}, title ${values.title.toFixed(1)} %`,
    );
    return (Object.keys(targets) as (keyof typeof targets)[]).map((metric) => ({
      ...{ bench: "oracle-corpus", metric: `${os} ${metric}`, value: values[metric], floor: targets[metric] },
      ratio: targets[metric] === 0 ? values[metric] : values[metric] / targets[metric],
    }));
  });
  return Promise.resolve(figures);
}

function judgeAll(os: string): Sums {
  const sums = { labelled: 0, found: 0, healthy: 0, falsePositives: 0, typed: 0, typeAgrees: 0, titleAgrees: 0 };
  for (const file of readdirSync(join(folder, os))) {
    const path = join(os, file);
    const { titles, type, log } = readLabelled(join(folder, path));
    const first = firstFinding(log);
    const [title] = titles;
    if (title === undefined) {
      sums.healthy++;
      if (first !== undefined) sums.falsePositives++;
      if (list && first !== undefined) console.log(`${path} FALSE ${first.title}`);
      continue;
    }
    sums.labelled++;
    if (first !== undefined) sums.found++;
    if (type !== undefined) sums.typed++;
    if (type !== undefined && first !== undefined && asCorpusType(first.type) === type) sums.typeAgrees++;
    else if (list && type !== undefined) console.log(`${path} TYPE ${type} ours ${first?.type}`);
    if (first?.title === title) sums.titleAgrees++;
    else if (list) console.log(`${path} TITLE ${title}\n      ours ${first?.title}`);
  }
  return sums;
}

/** Reports of several CPUs end in any order: the first to start is the one the labels mean. */
function firstFinding(log: Buffer): Finding | undefined {
  const oracle = new Oracle();
  return [...oracle.push(log), ...oracle.end()].sort((a, b) => a.offset - b.offset)[0];
}
