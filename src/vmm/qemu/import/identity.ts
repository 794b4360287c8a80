import type { MachineOverrides } from "../../../machine/merge.ts";
import { smbiosKeys, uuidText } from "../../../machine/smbios.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { type CommandLine, saidAs } from "./command-line.ts";
import { readOpts } from "./opts.ts";

type Identity = Pick<MachineOverrides, "uuid" | "smbios">;

/** `-uuid` and `-smbios type=1`; of what is said twice the last word counts (hw/smbios/smbios.c). */
export function readIdentity(line: CommandLine, sheet: ImportSheet): Identity {
  let uuid: string | undefined;
  const strings: NonNullable<Identity["smbios"]> = {};
  const takeUuid = (text: string, said: string) => {
    if (uuidText.test(text)) uuid = text;
    else if (text.includes("$")) sheet.drop(said, "a variable of the shell's stands for the UUID");
    else sheet.refuse(`${said}: failed to parse UUID string: wrong format`);
  };
  for (const given of line.all("uuid", "smbios")) {
    if (given.name === "uuid") {
      takeUuid(given.value, saidAs(given));
      continue;
    }
    const opts = readOpts("-smbios", given.value, "type");
    if (opts?.take("type") !== "1") {
      sheet.drop(saidAs(given), "a machine names the strings of its system only (type=1)");
      continue;
    }
    const id = opts.take("uuid");
    if (id !== undefined) takeUuid(id, saidAs(given));
    for (const key of smbiosKeys) {
      const value = opts.take(key);
      if (value !== undefined) strings[key] = value;
    }
    opts.dropRest(sheet);
  }
  return { ...(uuid === undefined ? {} : { uuid }), ...(Object.keys(strings).length === 0 ? {} : { smbios: strings }) };
}
