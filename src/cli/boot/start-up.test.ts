import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../..", import.meta.url));

/** What is loaded with a module, itself included: all it imports but types and what `import()` loads later. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(src, file), "utf8");
  for (const [, what = "", target = ""] of text.matchAll(/^(?:import|export) ([^;]*?)from "(\.[^"]+)";/gm)) {
    const isTypes = what.startsWith("type ") || /^\{(?:\s*type [^,}]+,?)+\s*\}/.test(what);
    if (!isTypes) loadedWith(relative(src, join(src, dirname(file), target)), seen);
  }
  return seen;
}

// Each module takes some 0.4 ms: what only a running guest needs is loaded while the VMM starts, and what few boots
// need when it is needed.
test("petri boot loads nothing before its VMM is there that it does not need until then", () => {
  const loaded = new Set(["cli/boot.ts", "cli/boot/boot-command.ts"].flatMap((file) => [...loadedWith(file)]));
  const later = [
    ...[/^oracle\/(?!policy)/, /^guest\/(?!choose-channel)/, /^console\/(console|cursor|search|phases|screen)/],
    ...[/^vm\/virtual-machine/, /^image\/(build|resolve|packages|store)/, /^vmm\/\w+\/detect/, /^vmm\/v86\/control/],
    ...[/^report\/(?!escape)/, /^cli\/boot\/attach/, /^testing\/(?!cell|needs)/],
  ];
  expect([...loaded].filter((file) => later.some((pattern) => pattern.test(file)))).toEqual([]);
  expect(loaded).toContain("vmm/qemu/control.ts");
  expect([...loadedWith("vm/watch-vm.ts")].filter((file) => file.startsWith("guest/ssh/"))).toEqual([]);
  expect([...loadedWith("vm/watch-vm.ts")]).toEqual(
    expect.arrayContaining(["oracle/oracle.ts", "console/console.ts", "guest/shell.ts"]),
  );
});

test("the bundle of petri boot is few files until then, with little of zod", () => {
  const folder = fileURLToPath(new URL("../../../dist/bundle/", import.meta.url));
  const start = readFileSync(join(folder, "run-boot.js"), "utf8");
  const [rest = ""] = /run-[A-Z0-9]+\.js/.exec(start) ?? [];
  const files = new Set<string>();
  const load = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, target = ""] of text.matchAll(/^(?:import|\} from) ?(?:\{[^}]*\} from )?"\.\/([^"]+)";/gm))
      load(target);
  };
  for (const file of ["run-boot.js", rest]) load(file);
  const bytes = [...files].reduce((sum, file) => sum + readFileSync(join(folder, file)).length, 0);
  expect(rest).not.toBe("");
  // What a lazily loaded part shares with it is a file of its own: of 400 modules these are left.
  expect(files.size).toBeLessThanOrEqual(40);
  // Of zod alone there are 750 KB, most of them never called.
  expect(bytes).toBeLessThan(750_000);
});
