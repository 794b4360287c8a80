import { Command } from "commander";
import type { RunAction } from "./program.ts";

const examples = `
A machine is a file of JSON, such as petri import writes; a libvirt domain's file; or a VMM's command in quotes.

Exit codes: 0 the same machine · 1 they differ · 64 one of them cannot be read

Examples:
  $ petri diff before.json after.json
  $ petri diff "qemu-system-x86_64 -m 1G -hda d.img" "bhyve -m 1G -s 0,hostbridge -s 3,ahci-hd,d.img vm"
`;

export function define(run: RunAction): Command {
  return new Command("diff")
    .argument("<A>", "a machine")
    .argument("<B>", "another one")
    .option("--json", 'one line of JSON on stdout: [{"path", "a", "b"}]')
    .addHelpText("after", examples)
    .action(
      run(async (_signal, a: string, b: string, { json = false }: { json?: boolean }) => {
        const { diffCommand } = await import("./diff/diff-command.ts");
        return await diffCommand(a, b, json);
      }),
    );
}
