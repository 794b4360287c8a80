import { briefMachine } from "../../machine/brief.ts";
import { mergeMachine } from "../../machine/merge.ts";
import {
  type GivenOption,
  type MachineFromOptions,
  type OptionsContext,
  readMachineOptions,
} from "../../machine/options.ts";
import type { Settings } from "../../machine/settings.ts";
import { loadSettings } from "../config-file.ts";
import type { RunFlagReader } from "./options.ts";
import { prepare } from "./prepare.ts";
import { reporting } from "./report.ts";
import { runMachine } from "./run-machine.ts";

const ownOptions = [
  ...["expect", "send", "fail-on", "oracle", "vmlinux", "timeout", "progress-within"],
  ...["json", "trace", "quiet", "help", "import"],
];

export async function bootCommand(
  given: readonly GivenOption[],
  flagReader: RunFlagReader,
  native: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  return await reporting(flagReader.isJson(), () => bootMachine(given, flagReader, native, signal));
}

async function bootMachine(
  given: readonly GivenOption[],
  flagReader: RunFlagReader,
  native: string | undefined,
  signal: AbortSignal,
) {
  const settings = await loadSettings({});
  const alsoWrong: string[] = [];
  const own = flagReader.read(alsoWrong);
  const context = { alsoKnown: ownOptions, alsoWrong };
  const options =
    native === undefined
      ? readMachineOptions(given, { defaults: settings.machine, ...context })
      : await readImported(native, given, { settings, context, isQuiet: own.quiet || own.json, signal });
  const { paused = false, pidfile } = options.run;
  const flags = { ...own, paused, ...(pidfile === undefined ? {} : { pidfile }) };
  return await runMachine({
    ...{ command: "boot", flags, signal, settings },
    prepare: (progress) => prepare(options, settings, { signal, onProgress: (what) => progress.show(what) }),
  });
}

interface Setting {
  readonly settings: Settings;
  readonly context: OptionsContext;
  readonly isQuiet: boolean;
  readonly signal: AbortSignal;
}

/** Options are laid over the machine of a native command line, as over any other machine. */
async function readImported(
  native: string,
  given: readonly GivenOption[],
  { settings, context, isQuiet, signal }: Setting,
): Promise<MachineFromOptions> {
  const [{ importForBoot, fitImported }, { tellNotCarried }] = await Promise.all([
    import("./imported.ts"),
    import("../import/not-carried.ts"),
  ]);
  const { vmm, machine, notCarried } = importForBoot(native);
  const defaults = mergeMachine(settings.machine ?? {}, briefMachine(machine));
  const read = readMachineOptions(given, { ...context, defaults });
  const { options, changed } = await fitImported(read, vmm, settings, signal);
  if (!isQuiet) await tellNotCarried([...notCarried, ...changed]);
  return options;
}
