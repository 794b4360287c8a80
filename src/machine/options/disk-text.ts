import { type DiskBus, type DiskInput, diskBuses, diskFormats } from "../disk.ts";
import { suggest } from "../nearest.ts";
import { show } from "../problem.ts";
import { countKey, type Key, type ListGrammar, readList, splitCommas, textKey, wordKey } from "./list-text.ts";
import type { DraftDisk, Report } from "./option.ts";

type Words = DiskInput & { on: string; channel: number; device: number };

/** Kinds of OpenVMM's disks that have no file of their own or wrap another (its `--disk` help). */
const otherKinds = ["mem", "sql", "sqldiff", "autocache", "blob", "crypt", "prwrap", "delay"];

const notCarried = ["pcie_port", "vtl2", "uh", "uh-nvme", "nsid"];

const keys: Readonly<Record<string, Key<Words>>> = {
  format: wordKey(diskFormats, (format) => ({ format })),
  slot: countKey((slot) => ({ slot }), 0),
};
const anyBusKeys: Readonly<Record<string, Key<Words>>> = {
  bus: wordKey(diskBuses, (bus) => ({ bus })),
  on: textKey("the id of a --vmbus-scsi or --nvme-pci controller", (on) => ({ on })),
  lun: countKey((slot) => ({ slot }), 0),
};
const words: Readonly<Record<string, Partial<Words>>> = {
  ro: { readOnly: true },
  dvd: { dvd: true },
  persist: { persist: true },
};
const ideWords: Readonly<Record<string, Partial<Words>>> = {
  ...words,
  p: { channel: 0 },
  s: { channel: 1 },
  "0": { device: 0 },
  "1": { device: 1 },
};

/** `[memdiff:][file:]PATH[,ro][,dvd][,persist][,format=F][,slot=N]`, and for `--disk` also `,bus=B` or `,on=ID`. */
export function readDisk(text: string, bus: DiskBus | undefined, report: Report): DraftDisk | undefined {
  const [source = "", ...rest] = splitCommas(text);
  const path = readSource(source, report);
  const options = rest.map((item) => item.replaceAll(",", ",,")).join(",");
  const said: Partial<Words> = rest.length === 0 ? {} : readList(options, grammar(bus), report);
  if (path === undefined) return undefined;
  const { on, channel, device, ...disk } = said;
  if (path.throwAway && disk.persist) report.wrong("memdiff: throws writes away and persist keeps them: leave one out");
  if (on !== undefined && disk.bus !== undefined) report.wrong("on= already says the bus: leave bus= out");
  const whole = { file: path.file, ...disk, ...(bus === undefined ? {} : { bus }) };
  if (device !== undefined) return { disk: { ...whole, slot: (channel ?? 0) * 2 + device }, report };
  return {
    disk: whole,
    report,
    ...(on === undefined ? {} : { on }),
    ...(channel === undefined ? {} : { ideChannel: channel }),
  };
}

function grammar(bus: DiskBus | undefined): ListGrammar<Words> {
  const extra = bus === undefined ? { ...keys, ...anyBusKeys } : keys;
  return { keys: extra, words: bus === "ide" ? ideWords : words, notCarried };
}

function readSource(text: string, report: Report, throwAway = false): { file: string; throwAway: boolean } | undefined {
  const [, kind, rest = ""] = /^([A-Za-z0-9_-]*):(.*)$/s.exec(text) ?? [];
  const isDriveLetter = kind?.length === 1 && /^[\\/]/.test(rest);
  if (kind === undefined || isDriveLetter) return readFile(text, throwAway, report);
  if (kind === "file") return readFile(rest, throwAway, report);
  if (kind === "memdiff") return readSource(rest, report, true);
  if (otherKinds.includes(kind)) report.notCarried(`disk kind "${kind}:" is not carried yet: use file:PATH`);
  else
    report.wrong(
      `unknown disk kind ${show(kind)}: ${suggest(kind, ["file", "memdiff"])}; for a path write file:${text}`,
    );
  return undefined;
}

/** OpenVMM appends `;direct` and `;create=LEN` to a path. */
function readFile(file: string, throwAway: boolean, report: Report): { file: string; throwAway: boolean } | undefined {
  const later = /;(direct|create=\w*)$/.exec(file)?.[0];
  if (later !== undefined) report.notCarried(`"${later}" is not carried yet: leave it out`);
  else if (file === "") report.wrong("the path is missing: write file:PATH");
  else return { file, throwAway };
  return undefined;
}
