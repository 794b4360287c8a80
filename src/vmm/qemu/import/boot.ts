import type { BootOverrides } from "../../../machine/merge.ts";
import { isUefiFile } from "../../import/firmware-names.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { Board } from "./arch.ts";
import type { BlockNodes } from "./block-nodes.ts";
import { sourceOfNode } from "./block-nodes.ts";
import type { CommandLine } from "./command-line.ts";
import type { Medium } from "./media.ts";
import type { Opts } from "./opts.ts";

/** What the machine starts from: flash or a BIOS image decide between UEFI and PCAT, -kernel goes before disks. */
export function readBoot(
  line: CommandLine,
  board: Board,
  machine: Opts | undefined,
  media: readonly Medium[],
  nodes: BlockNodes,
  sheet: ImportSheet,
): BootOverrides {
  const [kernel, initrd, cmdline] = [line.last("kernel"), line.last("initrd"), line.last("append")];
  const dtb = line.last("dtb");
  if (kernel === undefined) {
    if (cmdline !== undefined) sheet.refuse("-append only allowed with -kernel option");
    if (initrd !== undefined) sheet.refuse("-initrd only allowed with -kernel option");
    if (dtb !== undefined) sheet.refuse("-dtb only allowed with -kernel option");
  }
  if (dtb !== undefined) sheet.drop(`-dtb ${dtb}`, "a machine has no device tree of its own");
  const direct =
    kernel === undefined
      ? {}
      : { kernel, ...(initrd === undefined ? {} : { initrd }), ...(cmdline === undefined ? {} : { cmdline }) };
  const flash = flashFiles(machine, media, nodes, sheet);
  const bios = line.last("bios");
  if (flash.length > 0) return uefi(flash, direct, sheet);
  if (bios !== undefined && isUefiFile(bios)) return { kind: "uefi", firmware: bios, ...direct };
  if (kernel !== undefined) {
    if (bios !== undefined) sheet.drop(`-bios ${bios}`, "a machine that boots a kernel directly names no BIOS");
    return { kind: "kernel", ...direct };
  }
  if (board.arch === "x86_64" && board.isX86)
    return { kind: "pcat", ...(bios === undefined ? {} : { firmware: bios }) };
  if (bios !== undefined) return { kind: "uefi", firmware: bios };
  if (!board.isX86) sheet.drop("(no -kernel, no -bios)", "the board's own firmware boots: uefi is taken for it");
  return { kind: "uefi" };
}

interface Flash {
  readonly file: string;
  readonly unit: number;
}

/** -drive if=pflash, or -machine pflash0= and pflash1= with -blockdev. */
function flashFiles(
  machine: Opts | undefined,
  media: readonly Medium[],
  nodes: BlockNodes,
  sheet: ImportSheet,
): Flash[] {
  const drives = media.filter(({ place }) => place === "pflash");
  const byDrive = drives.map(({ disk, unit }, index): Flash => ({ file: disk.file, unit: unit ?? index }));
  const byNode = [0, 1].flatMap((unit): Flash[] => {
    const name = machine?.take(`pflash${unit}`);
    if (name === undefined) return [];
    const source = sourceOfNode(name, nodes, sheet);
    if (source === undefined)
      sheet.refuse(`-machine pflash${unit}=${name}: Cannot find device='${name}' nor node-name='${name}'`);
    else if (source.file === undefined) sheet.drop(`-machine pflash${unit}=${name}`, source.reason);
    return source?.file === undefined ? [] : [{ file: source.file, unit }];
  });
  return [...byDrive, ...byNode].sort((a, b) => a.unit - b.unit);
}

function uefi(flash: readonly Flash[], direct: BootOverrides, sheet: ImportSheet): BootOverrides {
  const [code, vars, ...more] = flash;
  for (const { file } of more)
    sheet.drop(`pflash ${file}`, "a machine's firmware has one code image and one variable store");
  return {
    kind: "uefi",
    ...(code === undefined ? {} : { firmware: code.file }),
    ...(vars === undefined ? {} : { nvram: vars.file }),
    ...direct,
  };
}

/** Nodes that -machine uses for its flash, so that they are not told as unused. */
export function flashNodes(machine: Opts | undefined): string[] {
  return ["pflash0", "pflash1"].flatMap((key) => machine?.peek(key) ?? []);
}
