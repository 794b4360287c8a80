import type { MachineOverrides } from "../../../machine/merge.ts";
import { uuidText } from "../../../machine/smbios.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { smbiosVariables } from "../smbios.ts";
import type { Tree } from "./tree.ts";

/** `-U` or `uuid`, and the variables of the System Information structure. */
export function readIdentity({ variables }: Tree, sheet: ImportSheet): Pick<MachineOverrides, "uuid" | "smbios"> {
  const uuid = variables.get("uuid");
  if (uuid !== undefined && !uuidText.test(uuid) && !uuid.includes("$")) sheet.refuse(`bhyve: Invalid UUID "${uuid}"`);
  const strings = smbiosVariables.flatMap(([key, variable]) => {
    const text = variables.get(variable);
    if (text === undefined) return [];
    const value = text.replaceAll("%%", "%");
    if (!/%\(/.test(text.replaceAll("%%", ""))) return [[key, value] as const];
    sheet.drop(`-o ${variable}=${text}`, "has another variable in it, which only bhyve knows");
    return [];
  });
  return {
    ...(uuid === undefined ? {} : { uuid }),
    ...(strings.length === 0 ? {} : { smbios: Object.fromEntries(strings) }),
  };
}
