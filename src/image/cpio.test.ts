import fc from "fast-check";
import { expect, test } from "vitest";
import { type CpioEntry, writeCpio } from "./cpio.ts";

interface Record {
  name: string;
  mode: number;
  mtime: number;
  owner: number;
  device: [number, number];
  data: Buffer;
}

/** Reads "newc" by its own rules, so that the writer is not checked with its own arithmetic. */
function readCpio(archive: Buffer): Record[] {
  const records: Record[] = [];
  for (let at = 0; at < archive.length; ) {
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const dataAt = Math.ceil((at + 110 + field(11)) / 4) * 4;
    const name = archive.toString("utf8", at + 110, at + 110 + field(11) - 1);
    const data = archive.subarray(dataAt, dataAt + field(6));
    records.push({
      name,
      mode: field(1),
      mtime: field(5),
      owner: field(2) + field(3),
      device: [field(9), field(10)],
      data,
    });
    at = Math.ceil((dataAt + field(6)) / 4) * 4;
    if (name === "TRAILER!!!") expect(at).toBe(archive.length);
  }
  return records;
}

const name = fc.stringMatching(/^[a-z]{1,5}$/);
const files = fc.uniqueArray(
  fc.tuple(fc.array(name, { minLength: 1, maxLength: 4 }), fc.uint8Array({ maxLength: 40 })),
  {
    selector: ([path]) => path.join("/"),
    maxLength: 12,
  },
);

/** A path that is both a file and a folder on the way to another one is not a tree. */
const trees = files.filter((list) => {
  const paths = list.map(([path]) => path.join("/"));
  return !paths.some((path) => paths.some((other) => other.startsWith(`${path}/`)));
});

const entriesOf = (list: [string[], Uint8Array][]): CpioEntry[] =>
  list.map(([path, data]) => ({ path: path.join("/"), kind: "file", mode: 0o644, data: Buffer.from(data) }));

test("every file comes back, behind the folders that lead to it", () => {
  fc.assert(
    fc.property(trees, (list) => {
      const records = readCpio(writeCpio(entriesOf(list)));
      const names = records.map((record) => record.name);
      for (const [path, data] of list) {
        const record = records.find((entry) => entry.name === path.join("/"));
        expect(record?.data).toEqual(Buffer.from(data));
        for (let depth = 1; depth < path.length; depth++) {
          const folder = names.indexOf(path.slice(0, depth).join("/"));
          expect(folder).toBeGreaterThanOrEqual(0);
          expect(folder).toBeLessThan(names.indexOf(path.join("/")));
        }
      }
      expect(new Set(names).size).toBe(names.length);
    }),
  );
});

test("the order of the entries does not change a byte", () => {
  fc.assert(
    fc.property(trees, fc.infiniteStream(fc.nat()), (list, order) => {
      const shuffled = list.map((entry) => [order.next().value, entry] as const).sort(([a], [b]) => a - b);
      expect(writeCpio(entriesOf(shuffled.map(([, entry]) => entry)))).toEqual(writeCpio(entriesOf(list)));
    }),
  );
});

test("links, folders and devices keep their kind; everything is root's and from 1970", () => {
  const records = readCpio(
    writeCpio([
      { path: "bin/sh", kind: "link", target: "busybox" },
      { path: "tmp", kind: "folder", mode: 0o1777 },
      { path: "dev/console", kind: "character", mode: 0o600, device: [5, 1] },
    ]),
  );
  const shown = records.map((record) => [record.name, record.mode.toString(8), record.device, record.data.toString()]);
  expect(shown).toEqual([
    ["bin", "40755", [0, 0], ""],
    ["bin/sh", "120777", [0, 0], "busybox"],
    ["dev", "40755", [0, 0], ""],
    ["dev/console", "20600", [5, 1], ""],
    ["tmp", "41777", [0, 0], ""],
    ["TRAILER!!!", "0", [0, 0], ""],
  ]);
  expect(records.every((record) => record.mtime === 0 && record.owner === 0)).toBe(true);
});

test("two entries of one name are refused", () => {
  const entry: CpioEntry = { path: "init", kind: "folder", mode: 0o755 };
  expect(() => writeCpio([entry, entry])).toThrowErrorMatchingInlineSnapshot(
    `[RangeError: two cpio entries are called init]`,
  );
});
