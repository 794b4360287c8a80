import { Command } from "commander";
import { UsageError } from "../machine/errors.ts";
import type { RunAction } from "./program.ts";

const examples = `
Boots a small Linux under QEMU that has /dev/kvm, /dev/vhost-vsock and AF_VSOCK loopback, whatever this host lacks, and
runs the command in it: as root, in this folder, with this host's files and programs. What it writes to this folder
stays; what it writes elsewhere is gone with the lab. /tmp and /run start empty, stdin is empty, and there is no network.
The command is started as it stands after --, without a shell; write one where you want one.

Exit codes: the command's own, 128 + N if signal N killed it · 64 usage · 69 not supported here · 70 the lab did not
boot or went down · 71 the host, or no KVM in the lab · 124 timeout · 130 interrupted

Examples:
  $ petri lab -- petri doctor
  $ petri lab --env PETRI_ACCELERATOR=kvm --env PETRI_TIMEOUT_SCALE=6 -- petri test
  $ petri lab --memory 4G --env CI --timeout 10m -- npm test
  $ petri lab -- bash -c 'lscpu | grep -i virtualization; ls -l /dev/kvm'
`;

export interface LabFlags {
  readonly memory: string;
  readonly processors: string;
  readonly timeout?: string;
  readonly env: readonly string[];
  readonly quiet?: boolean;
}

export function define(run: RunAction, argv: readonly string[]): Command {
  return new Command("lab")
    .usage("[options] -- CMD [ARGS...]")
    .argument("[CMD...]", "the program, and its arguments as they are")
    .option("--memory <SIZE>", "memory of the lab, which the command's own VMs share", "2G")
    .option("--processors <N>", "virtual processors", "2")
    .option("--timeout <TIME>", "how long the command may take, such as 90s or 10m (default: no limit)")
    .option("--env <NAME>", "a variable of this environment for the command, or NAME=VALUE (repeats)", collect, [])
    .option("--quiet", "no progress line")
    .addHelpText("after", examples)
    .action(
      run(async (signal, _words: string[], flags: LabFlags) => {
        const end = argv.indexOf("--");
        const count = end < 0 ? 0 : argv.length - end - 1;
        if (count === 0) throw new UsageError("the command is missing: petri lab -- CMD [ARGS...]");
        if (_words.length > count) throw new UsageError(`"${_words[0]}" stands before --: petri lab [options] -- CMD`);
        const { lab } = await import("./lab/lab-command.ts");
        return await lab(argv.slice(-count), flags, signal);
      }),
    );
}

function collect(name: string, names: readonly string[]): string[] {
  return [...names, name];
}
