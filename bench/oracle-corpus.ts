import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Oracle } from "../src/oracle/oracle.ts";
import type { Finding } from "../src/oracle/rule.ts";

// node --import tsx bench/oracle-corpus.ts [FOLDER] [--list]: the oracle over labelled crash logs, with figures per OS.
const args = process.argv.slice(2);
const list = args.includes("--list");
const folder =
  args.find((arg) => !arg.startsWith("-")) ?? new URL("../../shared/corpora/console-crashes", import.meta.url).pathname;

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

for (const os of readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)) {
  const sums = { labelled: 0, found: 0, healthy: 0, falsePositives: 0, typed: 0, typeAgrees: 0, titleAgrees: 0 };
  for (const file of readdirSync(join(folder, os))) {
    const { titles, type, log } = readLabelled(join(folder, os, file));
    const oracle = new Oracle();
    const findings: Finding[] = [...oracle.push(log), ...oracle.end()];
    // Reports of several CPUs end in any order: the first to start is the one the labels mean.
    const first = findings.sort((a, b) => a.offset - b.offset)[0];
    const title = titles[0];
    if (title === undefined) {
      sums.healthy++;
      if (first !== undefined) sums.falsePositives++;
      if (list && first !== undefined) console.log(`${os}/${file} FALSE ${first.title}`);
      continue;
    }
    sums.labelled++;
    if (first !== undefined) sums.found++;
    if (type !== undefined) sums.typed++;
    if (type !== undefined && first !== undefined && asCorpusType(first.type) === type) sums.typeAgrees++;
    else if (list && type !== undefined) console.log(`${os}/${file} TYPE ${type} ours ${first?.type}`);
    if (first !== undefined && first.title === title) sums.titleAgrees++;
    else if (list) console.log(`${os}/${file} TITLE ${title}\n      ours ${first?.title}`);
  }
  const percent = (part: number, whole: number) => (whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`);
  console.log(
    `${os.padEnd(8)} found ${percent(sums.found, sums.labelled)} of ${sums.labelled}, false positives ${sums.falsePositives} of ${sums.healthy}, ` +
      `type ${percent(sums.typeAgrees, sums.typed)} of ${sums.typed}, title ${percent(sums.titleAgrees, sums.labelled)}`,
  );
}
