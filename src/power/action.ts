import type { Action } from "../machine/machine.ts";

/** An action taken apart: `exit:3` ends the VM with exit code 3, a plain `exit` leaves the code to its default. */
interface ParsedAction {
  readonly action: "reset" | "halt" | "exit";
  readonly code?: number;
}

export function parseAction(text: Action): ParsedAction {
  if (text === "reset" || text === "halt" || text === "exit") return { action: text };
  return { action: "exit", code: Number(text.slice("exit:".length)) };
}
