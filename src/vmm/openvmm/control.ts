import type { Host } from "../../host/host.ts";
import type { LifeSettings, RunningVmm, RunPaths, VmmEvent, VmmPlan } from "../contract.ts";
import { HaltWatch } from "./events.ts";
import { OpenvmmLife } from "./life.ts";

/** Starts OpenVMM paused, with every console connected. */
export async function launchOpenvmm(
  plan: VmmPlan,
  paths: RunPaths,
  host: Host,
  settings: LifeSettings,
): Promise<RunningVmm> {
  const listeners: ((event: VmmEvent) => void)[] = [];
  const tell = (event: VmmEvent | undefined) => {
    if (event) for (const listener of listeners) listener(event);
  };
  const watch = new HaltWatch(plan, settings.withoutEvidence);
  const life = await OpenvmmLife.start(plan, paths, host, settings, (line) => tell(watch.take(line)));
  const { repl } = life;
  return {
    capture: "from-reset",
    pid: life.process.pid,
    onEvent: (listener) => listeners.push(listener),
    resume: () => repl.run("resume"),
    pause: () => repl.run("pause"),
    cannotContinue: () => "OpenVMM lets a guest that halted only start again",
    reset: async () => {
      // It starts a guest that was running, and leaves one that was paused where it is.
      await repl.run("reset");
      await repl.run("resume");
    },
    quit: () => life.quit(),
    write: (console, bytes, isSecret) => life.recording.write(console, bytes, isSecret),
    ended: life.ended.then((end) => {
      tell(watch.takeEnd(end));
      return end;
    }),
    facets: {},
  };
}
