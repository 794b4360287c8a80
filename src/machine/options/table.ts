import { bootOptions } from "./boot-options.ts";
import { deviceOptions } from "./device-options.ts";
import { diskOptions } from "./disk-options.ts";
import { filesystemOptions } from "./filesystem-options.ts";
import { notCarriedOptions } from "./not-carried.ts";
import { type MachineOption, optionGroups } from "./option.ts";
import { placementOptions } from "./placement-options.ts";
import { powerOptions } from "./power-options.ts";
import { processorOptions } from "./processor-options.ts";
import { vsockOptions } from "./vsock-options.ts";

/** Every option that describes a machine or its placement, in the order of `--help`. */
export const machineOptions: readonly MachineOption[] = [
  ...bootOptions,
  ...processorOptions,
  ...diskOptions,
  ...deviceOptions,
  ...filesystemOptions,
  ...vsockOptions,
  ...powerOptions,
  ...placementOptions,
].sort((a, b) => optionGroups.indexOf(a.group) - optionGroups.indexOf(b.group));

/** What a command-line library needs to know an option by. */
export interface OptionFlags {
  readonly name: string;
  /** `-m, --memory <SPEC>` */
  readonly flags: string;
  readonly help: string;
  readonly group: string;
  /** Known only to be refused by name; not for `--help`. */
  readonly isHidden: boolean;
}

/** All options that readMachineOptions understands, those that it knows only to refuse included. */
export function optionFlags(): OptionFlags[] {
  const carried = machineOptions.map(({ name, short, value, help, group }) => {
    const long = value === undefined ? `--${name}` : `--${name} <${value}>`;
    return { name, flags: short === undefined ? long : `-${short}, ${long}`, help, group, isHidden: false };
  });
  const refused = Object.entries(notCarriedOptions).map(([name, { what, value }]) => ({
    name,
    flags: value === undefined ? `--${name}` : `--${name} <${value}>`,
    help: `${what}: not carried yet`,
    group: "Not carried yet",
    isHidden: true,
  }));
  return [...carried, ...refused];
}
