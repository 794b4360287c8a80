import { Command } from "commander";
import { UsageError } from "../machine/errors.ts";
import { type ImportSource, importSources } from "../vmm/import.ts";
import type { RunAction } from "./program.ts";

const examples = `
Reads the command line of qemu-system-*, bhyve (bhyveload, grub-bhyve), vmctl or openvmm, a libvirt domain, or a
vm.conf, and writes the machine it describes to stdout: for petri command, petri diff, or a test. What a machine does
not say is listed on stderr, each with its reason. A command that the VMM itself would refuse is refused with its words.

--json writes one line instead: {"vmm", "machine", "notCarried": [{"option", "reason"}]}, or {"error"}.

Exit codes: 0 imported · 64 the VMM would refuse it, or it is another program's

Examples:
  $ petri import -- qemu-system-x86_64 -m 2G -smp 2 -cdrom debian.iso -nographic
  $ petri import "sudo bhyve -c 2 -m 1G -s 0,hostbridge -s 3,virtio-blk,disk.img -l com1,stdio vm1 | tee log"
  $ petri import domain.xml > machine.json
  $ petri import --json --from-file commands.txt
`;

export interface ImportFlags {
  readonly from?: ImportSource;
  readonly fromFile?: string;
  readonly json?: boolean;
}

export function define(run: RunAction, argv: readonly string[]): Command {
  return new Command("import")
    .usage("[options] -- CMD [ARGS...]")
    .argument("[CMD...]", "the command as it is, or as one quoted word; or a domain's .xml, or a vm.conf")
    .option("--from <VMM>", `whose command it is: ${importSources.join(", ")} (default: the program's name tells)`)
    .option("--from-file <FILE>", "one command a line, one line of JSON each; - reads stdin")
    .option("--json", "one line of JSON on stdout")
    .addHelpText("after", examples)
    .action(
      run(async (_signal, words: string[], flags: ImportFlags) => {
        const { from } = flags;
        if (from !== undefined && !importSources.includes(from)) {
          throw new UsageError(`--from ${String(from)} is not accepted: write ${importSources.join(", ")}`);
        }
        if (!argv.includes("--") && words.length > 1) {
          throw new UsageError("write the command after --, or in quotes: petri import -- CMD [ARGS...]");
        }
        if ((words.length === 0) === (flags.fromFile === undefined)) {
          throw new UsageError("write one of them: petri import -- CMD [ARGS...], or petri import --from-file FILE");
        }
        const { importCommand } = await import("./import/import-command.ts");
        return await importCommand(words, flags);
      }),
    );
}
