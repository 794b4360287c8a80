import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { GuestChannel } from "./channel.ts";
import { ExecResult } from "./exec.ts";
import { download } from "./transfer.ts";

/** A guest whose folders list what it likes. */
function lying(listing: string): GuestChannel {
  const answer = (stdout: string) =>
    new ExecResult({
      ...{ command: "", exitCode: 0, signal: null, durationMs: 1 },
      stdout: Buffer.from(stdout),
      stderr: Buffer.alloc(0),
    });
  return {
    name: "serial",
    isOpen: true,
    close: () => {},
    exec: async (command) => {
      const [, , script = "", , path = ""] = command;
      if (script.includes("stat")) return answer(/out$|evil$/.test(path) ? "folder\n755" : "file\n644");
      return answer(path.endsWith("out") ? listing : "planted\0\0");
    },
    write: async () => {},
    read: async () => Buffer.from("planted"),
  };
}

test.each([
  ["a path", "../planted\0\0"],
  ["nothing", "\0\0"],
  ["a link, then what is behind it", (outside: string) => `evil\0${outside}\0evil\0\0`],
])("a guest that lists %s writes nowhere but where it was asked to", async (_, listing) => {
  const [outside, inside] = ["outside", "inside"].map((name) => {
    const dir = mkdtempSync(join(tmpdir(), `petri-${name}-`));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  }) as [string, string];
  const listed = typeof listing === "string" ? listing : listing(outside);
  const copied = download(lying(listed), "/out", join(inside, "to"), new AbortController().signal);
  await expect(copied).rejects.toThrow(/the guest's \/out lists ".*", which is no name or not the first of it/);
  expect(existsSync(join(outside, "planted"))).toBe(false);
  expect(existsSync(join(inside, "planted"))).toBe(false);
});
