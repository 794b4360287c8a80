#!/usr/bin/env node
// The one place that ends the process. Everything else is loaded only when the command needs it.
import { existsSync } from "node:fs";

const argv = process.argv.slice(2);

if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  const { version } = await import("./version.ts");
  process.stdout.write(`${version()}\n`);
} else {
  // Joined into few files it starts 100 ms sooner (ci/bundle.mjs).
  const bundle = new URL("../bundle/run-boot.js", import.meta.url);
  const isBundled = argv[0] === "boot" && existsSync(bundle);
  const { run }: typeof import("./run-boot.ts") = await (isBundled ? import(bundle.href) : import("./run.ts"));
  process.exit(await run(argv, (code) => process.exit(code)));
}
