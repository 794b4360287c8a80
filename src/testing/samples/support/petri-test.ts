import { runTests, type TestFlags } from "../../run-tests.ts";

// Our own flags, as petriSample wrote them.
const flags = JSON.parse(process.argv[2] ?? "{}") as TestFlags;
runTests(flags).then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`${error}\n`);
    process.exit(64);
  },
);
