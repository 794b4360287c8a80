import { Command } from "commander";
import type { RunAction } from "./program.ts";

const examples = `
Writes petri.config.ts, vitest.config.ts (.mts in a package that is no module), tests/boot.test.ts and
.github/workflows/petri.yml into the working folder, and a package.json where there is none.
A file that is there already stops it before anything is written. .gitignore gets a line for petri-results/.

Example:
  $ npm install --save-dev petri-vm vitest
  $ npx petri init
  $ npx petri test
`;

export function define(run: RunAction): Command {
  return new Command("init").addHelpText("after", examples).action(
    run(async () => {
      const { writeProject } = await import("./init/write-project.ts");
      return writeProject(process.cwd());
    }),
  );
}
