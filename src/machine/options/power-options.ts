import { actionForm, actionSchema, clocks, type PowerActions } from "../machine.ts";
import { choice, type MachineOption, withMachine } from "./option.ts";

const group = "Power";

function action(kind: keyof PowerActions, when: string, needs?: readonly string[]): MachineOption {
  const name = `guest-${kind}-action`;
  return {
    name,
    value: "reset|halt|exit[:CODE]",
    help: `what happens when ${when}`,
    group,
    origin: "openvmm",
    example: `--uefi ${needs === undefined ? "" : "--guest-watchdog "}--${name} exit:3`,
    sets: `power.${kind}`,
    ...(needs === undefined ? {} : { needs }),
    apply: (draft, text, report) => {
      const action = actionSchema.safeParse(text);
      if (action.success) return withMachine(draft, { power: { [kind]: action.data } });
      report.refuse(actionForm);
      return draft;
    },
  };
}

export const powerOptions: readonly MachineOption[] = [
  action("reset", "the guest asks for a reset (reset if absent)"),
  action("shutdown", "the guest powers off or hibernates (halt if absent)"),
  action("crash", "the guest triple-faults or reports a panic (halt if absent)"),
  action("watchdog", "the guest's watchdog expires (reset if absent)", ["guest-watchdog"]),
  {
    name: "guest-watchdog",
    help: "a watchdog device, whichever the VMM has",
    group,
    origin: "openvmm",
    example: "--uefi --guest-watchdog",
    sets: "watchdog",
    apply: (draft) => withMachine(draft, { watchdog: "any" }),
  },
  {
    name: "record",
    help: "record what comes to the guest, so that petri repro --replay repeats the run",
    group,
    origin: "petri",
    example: "--kernel vmlinuz --record",
    sets: "record",
    apply: (draft) => withMachine(draft, { record: true }),
  },
  {
    name: "clock",
    value: clocks.join("|"),
    help: "the guest's time: the host's, or one that goes to the guest's next timer at once while it is idle",
    group,
    origin: "petri",
    example: "--uefi --clock warp",
    sets: "clock",
    apply: (draft, text, report) => {
      const clock = choice(clocks, text, report);
      return clock === undefined ? draft : withMachine(draft, { clock });
    },
  },
];
