import type { MachineOverrides } from "../../../machine/merge.ts";
import { smbiosKeys } from "../../../machine/smbios.ts";
import type { ImportSheet } from "../sheet.ts";
import type { DomainNode } from "./node.ts";

/** formatdomain, "General metadata" and "SMBIOS System Information": the strings count only where <os> asks for them. */
export function readIdentity(domain: DomainNode, sheet: ImportSheet): Pick<MachineOverrides, "uuid" | "smbios"> {
  const uuid = domain.textOf("uuid");
  const smbios = domain.child("os")?.child("smbios");
  const mode = smbios?.attribute("mode") ?? "emulate";
  if (smbios !== undefined && mode !== "sysinfo" && mode !== "emulate")
    sheet.drop(smbios.said, "the strings of another machine cannot travel with this one");
  const system = mode === "sysinfo" ? domain.child("sysinfo")?.child("system") : undefined;
  const strings = smbiosKeys.flatMap((key) => {
    const entry = system?.all("entry").find((each) => each.attribute("name") === key);
    return entry === undefined || entry.text === "" ? [] : [[key, entry.text] as const];
  });
  return {
    ...(uuid === undefined || uuid === "" ? {} : { uuid }),
    ...(strings.length === 0 ? {} : { smbios: Object.fromEntries(strings) }),
  };
}
