import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildModule } from "./build-module.ts";

async function folders(name: string) {
  const workFolder = join(await mkdtemp(join(tmpdir(), "petri-module-")), name);
  const tree = join(workFolder, "amd64");
  await mkdir(join(tree, "usr/src/linux-headers-6.1.0-1-cloud-amd64"), { recursive: true });
  return { workFolder, tree, source: join(workFolder, "own.c") };
}

test("headers of another kernel are told apart from a compiler's error", async () => {
  const input = await folders("work");
  await expect(buildModule({ ...input, kernelRelease: "6.1.0-2-cloud-amd64" })).rejects.toThrow(
    "the archive has kernel 6.1.0-2-cloud-amd64, but the headers of another",
  );
});

test("a folder that the kernel's Makefile refuses is refused before, with the way out", async () => {
  const input = await folders("my work");
  await expect(buildModule({ ...input, kernelRelease: "6.1.0-1-cloud-amd64" })).rejects.toThrow(
    /cannot be compiled in .*my work\/module: set PETRI_CACHE to a path without spaces/,
  );
});

test("the headers are used where they were unpacked, and the compiler is the unpacked one", async () => {
  const input = await folders("work");
  const headers = join(input.tree, "usr/src/linux-headers-6.1.0-1-cloud-amd64");
  await writeFile(join(headers, "Makefile"), "include /usr/src/linux-headers-6.1.0-1-common/Makefile\n");
  await writeFile(input.source, "");
  // Stands in for Debian's make: makes a module that tells how it was called.
  const make = join(input.tree, "usr/bin/make");
  await mkdir(join(input.tree, "usr/bin"), { recursive: true });
  await writeFile(
    make,
    '#!/bin/sh\nfor arg in "$@"; do case $arg in M=*) out=$(echo "$arg" | cut -c3-) ;; esac; done\n' +
      '{ printf "\\0depends=\\0seen="; cat "$2/Makefile" "$out/Kbuild"; printf "%s" "$PATH"; } >"$out/own.ko"\n',
    { mode: 0o755 },
  );
  const module = await buildModule({ ...input, kernelRelease: "6.1.0-1-cloud-amd64" });
  expect(module).toMatchObject({ name: "own", depends: [], aliases: [] });
  const seen = module.data.toString();
  expect(seen).toContain(`include ${input.tree}/usr/src/linux-headers-6.1.0-1-common/Makefile\nobj-m := own.o\n`);
  expect(seen).toContain(`\n${input.tree}/usr/bin:`);
});
