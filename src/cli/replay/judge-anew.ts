import { UsageError } from "../../machine/errors.ts";
import type { Trace } from "../../trace/reader.ts";
import type { Recording } from "../../trace/replay/recording.ts";
import { type Ending, endingByError } from "../boot/ending.ts";
import type { JsonEvents } from "../boot/json-events.ts";
import { Judge } from "../boot/judge.ts";
import type { ExpectFlags } from "../boot/options.ts";
import { checkConsoles } from "../boot/script.ts";
import { RecordedVm, RecordOver } from "./recorded-vm.ts";

/** Judges a recording by new expectations, as `petri boot` judges a running VM: by the same judge, in recorded time. */
export async function judgeAnew(
  { dir, machine }: Trace,
  recording: Recording,
  flags: ExpectFlags,
  json: JsonEvents | undefined,
): Promise<Ending> {
  if (!machine) throw new UsageError(`${dir} ends before its machine was written: nothing was booted`);
  checkConsoles(flags, machine.consoles);
  const vm = new RecordedVm(machine, recording);
  const judge = new Judge(vm, {
    ...{ flags, timeoutMs: flags.timeoutMs, endsWithGuest: true, clock: vm.clock },
    onEvent: (event) => void json?.write({ event: "power", ...event }),
    onStep: ({ console, text }) => void json?.write({ event: "met", console, pattern: text }),
  });
  let isOver = false;
  const ending = judge.ending.finally(() => {
    isOver = true;
  });
  judge.start();
  // The judge's answer may come in the middle; what else goes wrong is a bug.
  const played = vm.play(() => isOver).then(() => judge.end(notForbidden));
  try {
    const [how] = await Promise.all([ending, played]);
    return how;
  } catch (error) {
    await played;
    const known = error instanceof RecordOver ? unmet(error) : endingByError(error);
    if (!known) throw error;
    return known;
  }
}

/** The recording was played to its end, and nothing that --fail-on looks for was printed. */
const notForbidden: Ending = { class: "Met", exitCode: 0, reason: "nothing that --fail-on looks for was printed" };

function unmet({ message }: RecordOver): Ending {
  return { class: "ExpectationFailed", exitCode: 1, reason: message };
}
