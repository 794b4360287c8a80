import { Command } from "commander";
import { bootKinds } from "../machine/boot.ts";
import { UsageError } from "../machine/errors.ts";
import type { BootKind } from "../machine/machine.ts";
import type { RunAction } from "./program.ts";

const examples = `
Images are built when they are first booted, and kept. A build needs no root.

Examples:
  $ petri images                        what there is, and what is built
  $ petri images build debian-cloud     before a test run, or to warm a CI cache
  $ petri images remove debian          free its space
`;

export function define(run: RunAction): Command {
  const command = new Command("images").addHelpText("after", examples);
  command
    .command("list", { isDefault: true })
    .description("the images of the catalogue and what is built of them")
    .option("--json", "as one JSON document")
    // Whatever is no command comes here, since this is the usual one.
    .allowExcessArguments()
    .action(
      run(async (signal, options: { json?: boolean }, { args }: Command) => {
        if (args.length > 0) throw new UsageError(`images ${args[0]} is not accepted: write list, build or remove`);
        const { listImages } = await import("./images/list.ts");
        return await listImages({ json: options.json === true, signal });
      }),
    );
  command
    .command("build")
    .description("build images, or all that can be built here")
    .argument("[NAMES...]", "names of the catalogue")
    .option("--boot <KIND>", "the way it is to boot: uefi, pcat or kernel; the quickest if absent")
    .action(
      run(async (signal, names: string[], options: { boot?: string }) => {
        const { buildImages } = await import("./images/build.ts");
        return await buildImages(names, { boot: readBoot(options.boot), signal });
      }),
    );
  command
    .command("remove")
    .description("remove what is built of these images")
    .argument("<NAMES...>", "names of the catalogue")
    .action(
      run(async (signal, names: string[]) => {
        const { removeImages } = await import("./images/remove.ts");
        return await removeImages(names, signal);
      }),
    );
  return command;
}

function readBoot(text: string | undefined): BootKind | undefined {
  const kind = bootKinds.find((known) => known === text);
  if (text !== undefined && kind === undefined) {
    throw new UsageError(`--boot ${text} is not accepted: write ${bootKinds.join(", ")}`);
  }
  return kind;
}
