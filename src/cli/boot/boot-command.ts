import { type GivenOption, readMachineOptions } from "../../machine/options.ts";
import { loadSettings } from "../config-file.ts";
import type { RunFlagReader } from "./options.ts";
import { prepare } from "./prepare.ts";
import { reporting } from "./report.ts";
import { runMachine } from "./run-machine.ts";

const ownOptions = [
  ...["expect", "send", "fail-on", "oracle", "vmlinux", "timeout", "progress-within"],
  ...["json", "trace", "quiet", "help"],
];

export async function bootCommand(
  given: readonly GivenOption[],
  flagReader: RunFlagReader,
  signal: AbortSignal,
): Promise<number> {
  return await reporting(flagReader.isJson(), () => bootMachine(given, flagReader, signal));
}

async function bootMachine(given: readonly GivenOption[], flagReader: RunFlagReader, signal: AbortSignal) {
  const settings = await loadSettings({});
  const alsoWrong: string[] = [];
  const own = flagReader.read(alsoWrong);
  const options = readMachineOptions(given, { defaults: settings.machine, alsoKnown: ownOptions, alsoWrong });
  const { paused = false, pidfile } = options.run;
  const flags = { ...own, paused, ...(pidfile === undefined ? {} : { pidfile }) };
  return await runMachine({
    ...{ command: "boot", flags, signal, settings },
    prepare: (progress) => prepare(options, settings, { signal, onProgress: (what) => progress.show(what) }),
  });
}
