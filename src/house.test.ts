import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** design.md §3: each room and what it may import. `cli` may import all, and nothing imports `cli`. */
const mayImport: Record<string, readonly string[]> = {
  machine: [],
  power: ["machine"],
  console: ["machine", "power"],
  oracle: ["machine", "power", "console"],
  trace: ["machine", "power", "console", "oracle"],
  host: ["machine", "power", "console", "oracle", "trace"],
  vmm: ["machine", "power", "console", "oracle", "trace", "host"],
  image: ["machine", "power", "console", "oracle", "trace", "host", "vmm"],
  guest: ["machine", "power", "console", "oracle", "trace", "host", "vmm"],
  vm: ["machine", "power", "console", "oracle", "trace", "host", "vmm", "image", "guest"],
  report: ["trace", "machine"],
  testing: ["machine", "power", "console", "oracle", "trace", "host", "vmm", "image", "guest", "vm", "report"],
  cli: ["machine", "power", "console", "oracle", "trace", "host", "vmm", "image", "guest", "vm", "report", "testing"],
  "index.ts": ["machine", "power", "console", "oracle", "trace", "host", "vmm", "image", "guest", "vm"],
};

const root = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }))
  .filter(({ file }) => !file.includes(`${sep}samples${sep}`) && !file.includes(`${sep}test${sep}`));
const room = (file: string) => file.split(sep)[0] ?? "";

function imports(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

test("every room imports only the rooms below it", () => {
  const wrong = files.flatMap(({ file, text }) =>
    imports(text)
      .filter((target) => target.startsWith("."))
      .map((target) => room(relative(root, join(root, dirname(file), target))))
      .filter((target) => target !== room(file) && !(mayImport[room(file)] ?? []).includes(target))
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

/** A folder of vmm/ is a VMM's, but for what every importer of command lines needs. */
const ofOneVmm = /^vmm\/(?!import\/)(\w+)\//;

test("no VMM imports another", () => {
  const wrong = files.flatMap(({ file, text }) => {
    const vmm = ofOneVmm.exec(file)?.[1];
    if (!vmm) return [];
    return imports(text)
      .filter((target) => target.startsWith("."))
      .map((target) => relative(root, join(root, dirname(file), target)))
      .filter((target) => ofOneVmm.test(target) && !target.startsWith(`vmm/${vmm}/`))
      .map((target) => `${file} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

test("only host starts processes, imports koffi or opens sockets for a VMM", () => {
  const guarded = ["koffi", "execa", "node:child_process"];
  const wrong = files
    .filter(({ file }) => room(file) !== "host")
    .flatMap(({ file, text }) =>
      imports(text)
        .filter((target) => guarded.includes(target))
        .map((target) => `${file} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test("only entry points print or exit", () => {
  const entries = /^(cli\/|vmm\/v86\/process\/|testing\/reporters\/)/;
  const wrong = files
    .filter(
      ({ file, text }) =>
        !entries.test(file) && /\bconsole\.(log|error)\(|process\.(exit\(|std(out|err)\.write)/.test(text),
    )
    .map(({ file }) => file);
  expect(wrong).toEqual([]);
});
