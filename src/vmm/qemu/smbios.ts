import type { Machine } from "../../machine/machine.ts";
import { smbiosKeys } from "../../machine/smbios.ts";
import { escapeOption } from "./disks.ts";

/** Who the machine says it is in its SMBIOS tables (qemu(1), "-uuid" and "-smbios type=1"). */
export function identityArguments({ uuid, smbios }: Pick<Machine, "uuid" | "smbios">): string[] {
  const strings = smbiosKeys.flatMap((key) => {
    const value = smbios?.[key];
    return value === undefined ? [] : [`${key}=${escapeOption(value)}`];
  });
  return [
    ...(uuid === undefined ? [] : ["-uuid", uuid]),
    ...(strings.length === 0 ? [] : ["-smbios", ["type=1", ...strings].join(",")]),
  ];
}
