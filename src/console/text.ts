import { printable } from "../power/printable.ts";
import { type ByteSource, contextBefore } from "./byte-source.ts";
import { TextFeed } from "./text-feed.ts";
import { readableView } from "./text-view.ts";

/** Bytes [start, end) as readable text; a character that began before `start` is left out. */
export function readText(source: ByteSource, start: number, end: number): string {
  const context = contextBefore(source, start);
  const view = readableView(context.isLineStart);
  view.append(source.read(context.start, start), context.start);
  let from = view.text.length;
  view.append(source.read(start, end), start);
  view.flush();
  while (from < view.text.length && view.bytesOf(from).start < start) from++;
  return view.text.slice(from);
}

/** The same without whole kernel lines. */
export function readWithoutKernelLines(source: ByteSource, start: number, end: number): string {
  const feed = new TextFeed(source, start, { isRaw: false, skipsKernelLines: true });
  while (feed.position < end) feed.read(end);
  feed.flush();
  return feed.text.slice(feed.from);
}

/** How much of the record's end is looked at for its last lines. */
const tail = 16_384;

/** The last lines that are not blank, oldest first, each safe to show anywhere. */
export function lastLines(source: ByteSource, count: number): string[] {
  const { end } = source;
  const lines = readText(source, Math.max(0, end - tail), end).split("\n");
  return lines
    .map((line) => printable(line.trimEnd()))
    .filter((line) => line !== "")
    .slice(-count);
}
