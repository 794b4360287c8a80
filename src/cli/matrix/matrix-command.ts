import { localHost } from "../../host/local.ts";
import { findRecipe } from "../../image/support.ts";
import { type BootKind, bootKinds } from "../../machine/boot.ts";
import type { VmmName } from "../../machine/placement.ts";
import { namedPrograms } from "../../machine/settings.ts";
import { judge } from "../../testing/cell-support.ts";
import { unbuildableImages } from "../../testing/unbuildable-images.ts";
import { detectAll } from "../../vm/detection.ts";
import type { Detection } from "../../vmm/contract.ts";
import { vmms } from "../../vmm/registry.ts";
import { loadSettings } from "../config-file.ts";
import { toJsonLine } from "../json-line.ts";
import { writeTo } from "../output.ts";
import { toPlainText } from "../plain-text.ts";

interface CellVerdict {
  readonly vmm: VmmName;
  readonly isDouble: boolean;
  readonly boot: BootKind;
  readonly image: string;
  readonly runs: boolean;
  /** Why it does not. */
  readonly reason?: string;
}

/** EX_UNAVAILABLE of sysexits.h. */
const noneRuns = 69;

/** Says of every VMM and every way to boot the images whether it runs here. Throws UsageError for an unknown image. */
export async function matrixCommand(
  images: readonly string[],
  { json, signal }: { readonly json: boolean; readonly signal: AbortSignal },
): Promise<number> {
  for (const image of images) findRecipe(image);
  const settings = await loadSettings({});
  const detections = await detectAll(localHost, { overrides: namedPrograms(settings), signal });
  const unbuildable = await unbuildableImages(signal);
  const cells = images.flatMap((image) =>
    vmms.flatMap(({ name }) => bootKinds.map((boot) => verdictOn({ vmm: name, boot, image }, detections, unbuildable))),
  );
  await writeTo(
    process.stdout,
    cells.map((cell) => (json ? toJsonLine(cell) : `${toPlainText(lineOf(cell))}\n`)).join(""),
  );
  const count = cells.filter(({ runs }) => runs).length;
  if (!json) await writeTo(process.stdout, `${count} of ${cells.length} cells run here\n`);
  return count > 0 ? 0 : noneRuns;
}

function verdictOn(
  cell: Pick<CellVerdict, "vmm" | "boot" | "image">,
  detections: readonly Detection[],
  unbuildable: Readonly<Record<string, string>>,
): CellVerdict {
  const verdict = judge(cell, {}, [], { detections, filters: { require: [] }, unbuildable });
  const isDouble = detections.some(({ vmm, isDouble: is }) => vmm === cell.vmm && is === true);
  return { ...cell, isDouble, runs: verdict.kind === "runs", ...("reason" in verdict && { reason: verdict.reason }) };
}

function lineOf({ vmm, isDouble, boot, image, runs, reason }: CellVerdict): string {
  const cell = `${vmm}${isDouble ? " (double)" : ""} ${boot} ${image}`;
  return runs ? `✓ ${cell}` : `– ${cell}: ${reason}`;
}
