#!/usr/bin/env node
// The one place that ends the process. Everything else is loaded only when the command needs it.
const argv = process.argv.slice(2);

if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  const { version } = await import("./version.ts");
  process.stdout.write(`${version()}\n`);
} else {
  const { run } = await import("./run.ts");
  process.exit(await run(argv, (code) => process.exit(code)));
}
