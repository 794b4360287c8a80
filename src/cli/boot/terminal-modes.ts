/** Private modes that are on in a fresh terminal: autowrap and the cursor (xterm's ctlseqs, "DEC Private Mode"). */
const onByDefault = new Set(["?7", "?25"]);

/** In the order in which they are put back. */
const reset = {
  attributes: "\x1b[0m",
  charset: "\x1b(B\x0f",
  // Setting the region moves the cursor home, so it is saved around it.
  region: "\x1b7\x1b[r\x1b8",
  keypad: "\x1b>",
  // As far down as it goes: the shell's prompt belongs below what is on the screen.
  cursor: "\x1b[999B",
};

/** Judges escape sequences one by one, and keeps account of what they leave changed in the terminal. */
export class ModeLedger {
  readonly #modes = new Map<string, boolean>();
  readonly #changed = new Set<string>();
  #asked = false;

  /** True if the sequence, from its ESC to its end, may reach the terminal. */
  admit(sequence: string): boolean {
    const introducer = sequence[1];
    if (introducer === "[") return this.#control(sequence);
    if (introducer === undefined || "]PX^_".includes(introducer)) return false;
    if ("()*+-./".includes(introducer) || "NOno|}~".includes(introducer)) this.#changed.add("charset");
    if (introducer === "=") this.#changed.add("keypad");
    return true;
  }

  takeAsked(): boolean {
    const asked = this.#asked;
    this.#asked = false;
    return asked;
  }

  restore(): string {
    const modes = [...this.#modes].filter(([mode, isOn]) => isOn !== onByDefault.has(mode));
    return [
      ...modes.map(([mode, isOn]) => `\x1b[${mode}${isOn ? "l" : "h"}`),
      ...Object.entries(reset).map(([what, sequence]) => (this.#changed.has(what) ? sequence : "")),
    ].join("");
  }

  #control(sequence: string): boolean {
    const [, prefix = "", parameters = "", final] = /^\x1b\[([<=>?]?)([\d;:]*)[ -/]*([@-~])$/.exec(sequence) ?? [];
    if (final === undefined) return false;
    // Keyboard protocols and the like, which outlive the guest.
    if (prefix !== "" && prefix !== "?") return false;
    switch (final) {
      case "t": // window operations, reports of its title among them
      case "i": // media copy: the printer
        return false;
      case "J": // 3 erases the scrollback, which is not the guest's
        return !parameters.split(";").includes("3");
      case "n":
      case "c":
      case "p":
        this.#asked = true;
        return true;
      case "h":
      case "l":
        for (const mode of parameters.split(";")) this.#modes.set(`${prefix}${mode}`, final === "h");
        return true;
      case "m":
        this.#changed.add("attributes");
        return true;
      case "H":
      case "f":
      case "d":
        this.#changed.add("cursor");
        return true;
      case "r":
        if (prefix === "") this.#changed.add("region");
        return true;
      default:
        return true;
    }
  }
}
