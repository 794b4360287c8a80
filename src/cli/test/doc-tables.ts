import { Command } from "commander";
import { flagsOf, hostVariables, meaning, settingWords } from "../../machine/environment.ts";
import type { MachineInput } from "../../machine/machine.ts";
import { machineOptions } from "../../machine/options.ts";
import type { VmmName } from "../../machine/placement.ts";
import { parseMachine } from "../../machine/validate.ts";
import { causeTable, type EvidenceSource, evidenceSources } from "../../power/causes.ts";
import type { Detection } from "../../vmm/contract.ts";
import { vmms } from "../../vmm/registry.ts";
import { addRunOptions } from "../boot/options.ts";
import { type Pin, pinOf, pins, v86Pins, withoutIndex } from "./option-pins.ts";
import { manuals, type OptionRow, type Outcome, outcomeOf, rowsOf, supports } from "./option-rows.ts";

/** Tables of the docs that follow from the code, by the name they stand under. */
export const docTables: Readonly<Record<string, () => string>> = {
  "own-words": () =>
    table(
      ["option", "means"],
      machineOptions
        .filter(({ origin }) => origin === "petri")
        .map(({ name, value, help }) => [code(value === undefined ? `--${name}` : `--${name} ${value}`), help]),
    ),
  "run-words": () => {
    const command = new Command();
    addRunOptions(command);
    return table(
      ["option", "means"],
      command.options.map(({ flags, description }) => [code(flags), description]),
    );
  },
  settings: () =>
    table(
      ["`petri.config.ts`", "variable", "flag of `petri test`", "means"],
      settingWords.map((word) => [
        code(word.key),
        code(word.env),
        flagsOf(word)
          .map((flag) => code(`--${flag} ${word.value}`))
          .join(" or "),
        meaning(word),
      ]),
    ),
  variables: () =>
    table(
      ["variable", "means"],
      Object.entries(hostVariables).map(([name, what]) => [code(name), what]),
    ),
  "evidence-sources": () =>
    table(
      ["source", "is"],
      Object.entries(evidenceSources).map(([name, what]) => [code(name), what]),
    ),
  causes: () => {
    const told = ({ cause: _, ...same }: (typeof causeTable)[number]) => JSON.stringify(same);
    const rows = [...new Set(causeTable.map(told))].map((same) => causeTable.filter((row) => told(row) === same));
    return table(["VMM", "accelerator", "event", "cause", "told by, best first", "else"], rows.map(causesLine));
  },
  ...Object.fromEntries(
    manuals.map((manual) => [
      `options-${manual}`,
      () => optionTable(rowsOf(manual), (row) => outcomeOf(manual, row), pins),
    ]),
  ),
  "options-counts": () =>
    table(
      ["manual", ...supports],
      [...manuals, "vmm" as const, "v86" as const].map((manual) => [
        manual,
        ...supports.map((support) => String(rowsOf(manual).filter((row) => row.support === support).length)),
      ]),
    ),
  "options-v86": () => optionTable(rowsOf("v86"), ({ example }) => ({ fields: [example], told: [] }), v86Pins),
  "options-vmm": () => optionTable(rowsOf("vmm"), () => ({ fields: [], told: [] }), []),
  support: () => supportTable(() => true),
  "support-short": () => supportTable((what) => first.test(what)),
};

/** Each option of a manual: what it becomes and the test of that, or why it is left out. */
function optionTable(
  rows: readonly OptionRow[],
  outcome: (row: OptionRow) => Omit<Outcome, "isMistake">,
  among: readonly Pin[],
): string {
  const lines = rows.map((row) => {
    const { fields, told } = outcome(row);
    const reason = row.reason === "" ? [...new Set(told)].join("; ") : row.reason;
    if (row.support === "refused" || row.support === "out of scope") return [code(row.option), row.support, reason, ""];
    const links = fields
      .map((field) => pinOf(field, among))
      .flatMap((pin) => (pin === undefined ? [] : [`[${pin.title}](../${pin.file})`]));
    return [
      code(row.option),
      row.support,
      [[...new Set(fields.map(withoutIndex))].map(code).join(", "), reason].filter((part) => part !== "").join(": "),
      [...new Set(links)].join("; "),
    ];
  });
  return table(["option", "support", "becomes, or why not", "test that boots or pins it"], lines);
}

/** Causes that are told alike, in one line. */
function causesLine(alike: readonly (typeof causeTable)[number][]): string[] {
  const [first] = alike;
  if (!first) return [];
  const { vmm, accelerators, kind, known, otherwise, otherwiseIs } = first;
  const ways = Object.entries(known) as [EvidenceSource, string][];
  return [
    vmm,
    accelerators.join(", "),
    code(kind),
    alike.map(({ cause }) => code(cause)).join(", "),
    ways.map(([source, confidence]) => `${source} (${confidence})`).join(", ") || "–",
    otherwise === "nothing"
      ? "no event"
      : `${code(otherwise)}, cause ${code("unknown")}${otherwiseIs === "inferred" ? " (inferred)" : ""}`,
  ];
}

/** The rows of the support table that a first look needs. */
const first = /^boot |processors|ide|virtio$|network|watchdog/;

const kernel: MachineInput = { boot: { kind: "kernel", kernel: "vmlinuz" } };
const disk = (more: Partial<NonNullable<MachineInput["disks"]>[number]>, file = "d.raw"): MachineInput => ({
  ...kernel,
  disks: [{ file, ...more }],
});

const machines: Readonly<Record<string, MachineInput>> = {
  "boot by UEFI": { boot: { kind: "uefi" } },
  "boot by BIOS (`pcat`)": { boot: { kind: "pcat" } },
  "boot a kernel directly": kernel,
  "several processors": { ...kernel, processors: { count: 2 } },
  "a CPU model": { ...kernel, processors: { model: "max" } },
  "RAM that other processes map": { ...kernel, memory: { shared: true } },
  "huge pages": { ...kernel, memory: { hugepages: true } },
  "disk on ide": disk({ bus: "ide" }),
  "disk on ahci": disk({ bus: "ahci" }),
  "disk on scsi": disk({ bus: "scsi" }),
  "disk on nvme": disk({ bus: "nvme" }),
  "disk on virtio": disk({ bus: "virtio" }),
  "disk on usb": disk({ bus: "usb" }),
  "floppy disk": disk({ bus: "floppy" }, "d.img"),
  "optical disc": disk({}, "d.iso"),
  "qcow2, vhd, vhdx images": disk({ bus: "ide" }, "d.qcow2"),
  "writes kept (`persist`)": disk({ bus: "ide", persist: true }),
  "network behind NAT": { ...kernel, nics: [{}] },
  "COM1 to COM4": { ...kernel, consoles: { com2: "capture", com3: "capture", com4: "capture" } },
  "virtio console": { ...kernel, consoles: { hvc0: "capture" } },
  "entropy device": { ...kernel, rng: true },
  "folders of the host over 9p": { ...kernel, filesystems: [{ kind: "9p", tag: "work", path: "work" }] },
  vsock: { ...kernel, vsock: true },
  "watchdog device": { ...kernel, watchdog: "any" },
  "display over VNC": { ...kernel, display: { vnc: {} } },
};

/** Those that Petri's own tests run. Of the others they run doubles, which keep to the manual. */
const real: ReadonlySet<VmmName> = new Set(["qemu", "v86"]);

function supportTable(isWanted: (what: string) => boolean): string {
  const rows = Object.entries(machines).filter(([what]) => isWanted(what));
  return table(
    ["a machine with", ...vmms.map(({ name }) => (real.has(name) ? name : `${name} (contract-tested)`))],
    rows.map(([what, input]) => [what, ...vmms.map((vmm) => verdict(vmm, input))]),
  );
}

type Vmm = (typeof vmms)[number];

function verdict(vmm: Vmm, input: MachineInput): string {
  const all = refusalsOf(vmm, input);
  const boot = all.filter(({ axis }) => axis === "boot");
  // A row of another thing than booting is not about what the VMM lacks for any machine that has only a kernel.
  const plain = refusalsOf(vmm, kernel).map(({ reason }) => reason);
  const own = all.filter(({ reason }) => !plain.includes(reason));
  const reasons = [...new Set((isAboutBoot(input) ? boot : own).map(({ reason }) => reason))];
  return reasons.length === 0 ? "✓" : `– ${reasons.join("; ")}`;
}

const isAboutBoot = (input: MachineInput) => Object.keys(input).length === 1;

function refusalsOf({ name, support }: Vmm, input: MachineInput) {
  const machine = parseMachine(input);
  // checkFiles finds the format from a file's contents; here the name stands for them.
  const disks = machine.disks.map((each) =>
    each.file.endsWith(".qcow2") ? { ...each, format: "qcow2" as const } : each,
  );
  return support({ ...machine, disks }, everythingFound(name));
}

/** A host that has all it could have, so that only the VMM's own limits remain. */
function everythingFound(vmm: VmmName): Detection {
  const found = { name: "firmware", code: "firmware", nvram: "nvram", source: "docs" };
  return {
    ...{ vmm, present: true, notes: [], fixes: [], binary: vmm, version: "15.0" },
    accelerators: [{ name: vmm === "v86" ? "jit" : "tcg", works: true, reason: "" }],
    firmware: [
      { ...found, boot: "uefi" },
      { ...found, boot: "pcat" },
      { ...found, boot: "kernel" },
    ],
  };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}
