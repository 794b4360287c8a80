import { UsageError } from "../../machine/errors.ts";
import type { ShellLine } from "./shell-line.ts";

/** Suspends to RAM (ACPI S3). Rejects with UsageError where the kernel offers none. */
export async function suspendLinux(shell: ShellLine): Promise<void> {
  if ((await shell.ask("grep -qw deep /sys/power/mem_sleep")) !== 0) {
    throw new UsageError("the guest cannot suspend to RAM: its machine has no ACPI S3, or its kernel no suspend");
  }
  await shell.start("echo mem >/sys/power/state");
}

/**
 * Suspends to disk (ACPI S4). Rejects with UsageError where the kernel cannot, and where nothing is there to hold the
 * guest's memory: the kernel would go on with an error on its console.
 */
export async function hibernateLinux(shell: ShellLine): Promise<void> {
  if ((await shell.ask("grep -qw disk /sys/power/state && grep -qw platform /sys/power/disk")) !== 0) {
    throw new UsageError("the guest cannot hibernate: its machine has no ACPI S4, or its kernel no hibernation");
  }
  if ((await shell.ask("grep -q ^/ /proc/swaps")) !== 0) {
    throw new UsageError(
      "the guest cannot hibernate: it has no swap space; give the machine a disk as large as its memory, then in the guest: mkswap /dev/vda && swapon /dev/vda, and resume=/dev/vda on its kernel command line",
    );
  }
  await shell.start("echo disk >/sys/power/state");
}
