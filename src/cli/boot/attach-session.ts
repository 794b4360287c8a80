import { describeEvent } from "../../power/describe.ts";
import type { PowerEvent } from "../../power/event.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { attachHint, EscapeKeys } from "./attach.ts";
import { frontConsole } from "./console-view.ts";
import type { Judge } from "./judge.ts";
import { RawTerminal } from "./raw-terminal.ts";

/** A person at the terminal, joined to the guest's console. */
export interface AttachSession {
  show(bytes: Buffer): void;
  say(line: string): void;
  /** Says what the guest did to its power, and how to go on from there. */
  happened(event: PowerEvent): void;
  close(): Promise<void>;
}

export function attach(vm: VirtualMachine, judge: Judge): AttachSession {
  const front = frontConsole(vm.machine.consoles);
  const leave = () => judge.end({ class: "Detached", exitCode: 0, reason: "left by the escape key" });
  const orSay = (action: Promise<void>) => void action.catch((error: Error) => terminal.say(error.message));
  const keys = new EscapeKeys({
    quit: leave,
    reset: () => orSay(judge.reset().then(() => terminal.say("the guest was reset"))),
    togglePause: () => orSay(togglePause()),
    type: (bytes) => {
      if (vm.state === "running" && front) vm.console(front).send(bytes);
      // Ctrl-C would else do nothing where the guest cannot see it.
      else if (bytes.includes(0x03)) leave();
      else terminal.say(`the guest is ${vm.state}; ${vm.state === "paused" ? "Ctrl-] p resumes" : again}, ${quits}`);
    },
    say: (line) => terminal.say(line),
  });
  const togglePause = async () => {
    if (vm.state !== "paused") {
      await vm.pause();
      return terminal.say("paused; Ctrl-] p resumes");
    }
    await vm.resume();
    terminal.say("resumed");
  };
  const terminal: RawTerminal = new RawTerminal((bytes) => keys.push(bytes), leave);
  terminal.say(front ? `${front} of ${vm.placement.vmm}: ${attachHint}` : attachHint);
  return {
    show: (bytes) => terminal.show(bytes),
    say: (line) => terminal.say(line),
    happened: (event) => terminal.say(`${describeEvent(event)}${stays(event) ? `; ${again}, ${quits}` : ""}`),
    close: () => terminal.close(),
  };
}

const again = "Ctrl-] r starts it again";
const quits = "Ctrl-] q quits";

/** The guest does nothing more until somebody says so. */
function stays({ action, kind }: PowerEvent): boolean {
  return action === "halt" || kind === "halted";
}
