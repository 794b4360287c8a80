import { parseBackend } from "../../../machine/console-backend.ts";
import type { MachineInput } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { OpenvmmLine } from "./line.ts";

type Consoles = NonNullable<MachineInput["consoles"]>;

const names = { com1: "com1", com2: "com2", com3: "com3", com4: "com4", "virtio-console": "hvc0" } as const;

/** com1 goes to the terminal unless it says otherwise; the other lines are there only if named. */
export function readConsoles(line: OpenvmmLine, sheet: ImportSheet): Consoles {
  const consoles: Consoles = { com1: line.has("com1") ? "none" : "console" };
  let terminals = 0;
  for (const { name, value, said } of line.all(...Object.keys(names))) {
    const backend = readBackend(value, said, sheet);
    if (backend === "console" && ++terminals > 1)
      sheet.refuse(`${said}: console is already used by another serial port`);
    consoles[names[name as keyof typeof names]] = backend;
  }
  // A second line that names the terminal takes it from the first one's default.
  if (!line.has("com1") && terminals > 0) consoles.com1 = "capture";
  for (const { value, said } of line.all("vmbus-com1-serial", "vmbus-com2-serial")) {
    sheet.drop(said, "a machine has com1 to com4 and hvc0, not VMBus's serial ports");
    readBackend(value, said, sheet);
  }
  return consoles;
}

function readBackend(text: string, said: string, sheet: ImportSheet): string {
  const plain = text.replace(/^debugger-mode:/, "");
  if (plain !== text) sheet.drop(`${said}: debugger-mode`, "says how the line behaves for a debugger");
  if (/^term(=|,|$)/.test(plain)) {
    sheet.drop(said, "a terminal window of its own: the line is captured");
    return "capture";
  }
  if (plain !== "capture" && parseBackend(plain) !== undefined) return plain;
  if (!plain.includes("$"))
    sheet.refuse(
      `error: invalid value '${text}' for '${said.split(" ")[0]}': write none, console, stderr, listen=PATH, listen=tcp:IP:PORT or file=PATH`,
    );
  return "capture";
}
