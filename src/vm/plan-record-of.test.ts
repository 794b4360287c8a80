import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestFiles } from "./plan-record-of.ts";

const dir = mkdtempSync(join(tmpdir(), "petri-digests-"));

test.each([0, 5, 512 * 1024, 1_300_003])("a file of %i bytes has the digest of all of them", async (length) => {
  const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 7919) >> 5));
  const file = join(dir, `f${length}`);
  writeFileSync(file, bytes);
  expect(await digestFiles([file], {}, new AbortController().signal)).toEqual({
    [file]: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
  });
});

test("a digest that is known is taken as it is, and a VM that is gone needs none", async () => {
  const file = join(dir, "kernel");
  writeFileSync(file, "kernel");
  expect(await digestFiles([file], { [file]: "1234" }, AbortSignal.abort())).toEqual({ [file]: "sha256:1234" });
  await expect(digestFiles([file], {}, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
});
