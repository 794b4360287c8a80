import type { Command } from "./control-channel.ts";
import { readRegisters } from "./registers.ts";
import type { Vm } from "./vm.ts";

/** What each command of the control channel does. */
export function answerFor(vm: Vm, quit: () => void): (command: Command) => Promise<unknown> {
  return async ({ execute }) => {
    switch (execute) {
      case "qmp_capabilities":
        return {};
      case "query-status":
        return { status: vm.status, running: vm.status === "running" || vm.status === "halted" };
      case "cont":
        return vm.cont();
      case "stop":
        return vm.stop();
      case "system_reset":
        return vm.reset();
      case "quit":
        return quit();
      case "screendump-text":
        return { lines: (await vm.emulator()).screenText() };
      case "query-registers":
        return { registers: readRegisters((await vm.emulator()).cpu) };
      default:
        throw new Error(`the command ${execute} is unknown`);
    }
  };
}
