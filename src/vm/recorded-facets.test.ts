import { expect, test, vi } from "vitest";
import type { UntimedEvent } from "../trace/event.ts";
import { recordedFacets } from "./recorded-facets.ts";

test("files are named from the trace's folder on, and stand in the record if they are in it", async () => {
  const notes: UntimedEvent[] = [];
  const write = vi.fn(async (_path: string) => {});
  const facets = recordedFacets({ screenshot: write, dumpMemory: write, gdb: write }, "/trace", (event) =>
    notes.push(event),
  );
  await facets.screenshot?.("before.png");
  await facets.dumpMemory?.("deep/memory.elf");
  await facets.dumpMemory?.("/elsewhere/memory.elf");
  await facets.gdb?.("gdb");
  const paths = ["/trace/before.png", "/trace/deep/memory.elf", "/elsewhere/memory.elf", "/trace/gdb"];
  expect(write.mock.calls).toEqual(paths.map((path) => [path]));
  expect(notes).toEqual([
    { kind: "picture", file: "before.png" },
    { kind: "note", text: "memory of the guest: deep/memory.elf" },
  ]);
});

test("what could not be written is in no record", async () => {
  const note = vi.fn();
  const facets = recordedFacets({ dumpMemory: () => Promise.reject(new Error("disk full")) }, "/trace", note);
  await expect(facets.dumpMemory?.("memory.elf")).rejects.toThrow("disk full");
  expect(note).not.toHaveBeenCalled();
});

test("a VMM without them has none", () => {
  const registers = async () => "";
  expect(recordedFacets({ registers }, "/trace", () => {})).toEqual({ registers });
});
