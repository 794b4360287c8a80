import type { NotCarried } from "../../vmm/import.ts";
import { writeTo } from "../output.ts";
import { toPlainText } from "../plain-text.ts";

/** Tells a person what a machine, or a command, does not say. */
export async function tellNotCarried(list: readonly NotCarried[]): Promise<void> {
  if (list.length === 0) return;
  const line = (text: string) => toPlainText(text).replaceAll("\n", " ");
  const lines = list.map(({ option, reason }) => `  ${line(option)}\n      ${line(reason)}\n`);
  await writeTo(process.stderr, `not carried:\n${lines.join("")}`);
}
