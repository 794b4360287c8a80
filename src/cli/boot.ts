import { Command } from "commander";
import { addMachineOptions, addRunOptions } from "./boot/options.ts";
import type { RunAction } from "./program.ts";

const examples = `
The words are OpenVMM's, on every VMM. With a terminal and no --expect the console is yours: Ctrl-] then q leaves,
r resets, p pauses and resumes, ? helps. Without one, COM1 goes to stdout as it is.

--expect and --send run in the order given. The run ends with 0 when the last --expect is met; after a last --send it
goes on until the guest ends it. Else it ends by what the guest does: exit:N ends with N, a guest that halts after a
shutdown with 0, after a crash with 3.

What kernels, firmware and loaders print when they fail ends the run with 3 at once; --oracle report only tells of it,
as it does where a person is at the terminal.

Exit codes: 0 as expected · 1 an expectation failed · 3 guest crash · 64 usage · 69 not supported here · 70 the VMM
misbehaved · 71 the host · 124 timeout or no progress · 130 interrupted

Examples:
  $ petri boot --image petri-guest
  $ petri boot --image debian-cloud --boot uefi --memory 512M --processors 2
  $ petri boot --uefi --disk file:debian.raw --memory 2G --expect "login:" --timeout 120s \\
               --guest-shutdown-action exit:0 --guest-crash-action exit:3
  $ petri boot --image debian-cloud --expect "petri# " --send "uname -a\\n" --expect "/Linux \\S+ 6/"
  $ petri boot --kernel bzImage --initrd initrd.img --cmdline console=ttyS0 --fail-on "Kernel panic" --json
  $ petri boot --import "qemu-system-x86_64 -m 64 -kernel bzImage -append console=ttyS0 -nographic" --vmm v86
  $ petri boot --image petri-guest --com2 listen=tcp:127.0.0.1:4555 --pidfile vm.pid
`;

export function define(run: RunAction): Command {
  const command = new Command("boot").usage("[options]").addHelpText("after", examples);
  const givenOptions = addMachineOptions(command);
  const runFlags = addRunOptions(command);
  command
    .optionsGroup("Boot:")
    .option("--import <CMD>", "boot the machine of a native command, in quotes: docs/translate.md");
  return command.action(
    run(async (signal) => {
      const { bootCommand } = await import("./boot/boot-command.ts");
      return await bootCommand(givenOptions(), runFlags, command.opts<{ import?: string }>().import, signal);
    }),
  );
}
