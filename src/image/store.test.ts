import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFile, chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { verify } from "./manifest.ts";
import { buildOnce } from "./store.ts";

let folder: string;
let builds: number;
let steps: string[];

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "petri-store-")), "image");
  builds = 0;
  steps = [];
});

const build = (contents = "a disk", version = "1") =>
  buildOnce({
    folder,
    key: "key",
    onStep: (step, detail) => steps.push(detail ? `${step}: ${detail}` : step),
    build: async (_work, out) => {
      builds++;
      await writeFile(join(out, "disk"), contents);
      return { version, files: { disk: "disk" }, sources: [], notes: ["a note"] };
    },
  });

const child = (name: string) =>
  fork(fileURLToPath(new URL(`./test/${name}.ts`, import.meta.url)), [folder], { execArgv: ["--import", "tsx"] });

const disk = () => join(folder, "key", "disk");

/** As a broken disk would: other contents behind the same size and times. */
async function damage(contents: string): Promise<void> {
  const { atime, mtime } = await stat(disk());
  await chmod(disk(), 0o644);
  await writeFile(disk(), contents);
  await utimes(disk(), atime, mtime);
}

test("a second request takes the first one's build", async () => {
  const first = await build();
  const second = await build("another disk", "2");
  expect(builds).toBe(1);
  expect(second).toEqual(first);
  expect(second.manifest).toMatchObject({ version: "1", notes: ["a note"], artefacts: { disk: { size: 6 } } });
  expect((await stat(disk())).mode & 0o777).toBe(0o444);
});

test("a changed file is found, said and built again, even if its size and mtime are the old ones", async () => {
  await build();
  await build();
  await damage("a dusk");
  await build();
  expect(builds).toBe(2);
  expect(steps.join()).toMatch(
    /^building again: the cached image is damaged: disk has sha256 \w{64} instead of \w{64}$/,
  );
  expect(await readFile(disk(), "utf8")).toBe("a disk");
});

test.each([
  ["a file cut short", () => damage("a di"), "disk has 4 bytes instead of 6"],
  ["a lost file", () => rm(disk()), "disk is missing"],
  ["a lost manifest", () => rm(join(folder, "key", "manifest.json")), "manifest.json is missing"],
  ["half a manifest", () => writeFile(join(folder, "key", "manifest.json"), '{"version": "1", '), "is not readable"],
])("%s is found and built again", async (_, harm, why) => {
  await build();
  await harm();
  await build();
  expect([builds, steps.join()]).toEqual([2, expect.stringContaining(why)]);
  expect(await readFile(disk(), "utf8")).toBe("a disk");
});

test("an unchanged file is not read again, a copied one is", async () => {
  await build();
  await build();
  const stamp = () => readFile(join(folder, "key", "verified.json"), "utf8");
  const before = await stamp();
  await build();
  expect(await stamp()).toBe(before);
  // Another inode with the right contents: verified anew, and not built again.
  await copyFile(disk(), `${disk()}.copy`);
  await rm(disk());
  await copyFile(`${disk()}.copy`, disk());
  await build();
  expect(builds).toBe(1);
  expect(await stamp()).not.toBe(before);
});

test("a build killed in the middle leaves nothing that is taken for whole, and nothing at all after the next", async () => {
  const builder = child("build-forever");
  expect(await once(builder, "message")).toEqual(["building", undefined]);
  builder.kill("SIGKILL");
  await once(builder, "exit");
  expect(await verify(join(folder, "key"))).toEqual({ state: "absent" });
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^partial-key-/)]);
  await build();
  expect(builds).toBe(1);
  expect(await readdir(folder)).toEqual(["key"]);
});

test("processes that ask at the same time build once", async () => {
  const children = [1, 2, 3, 4].map(() => child("build-once"));
  const answers = await Promise.all(children.map((process) => once(process, "message")));
  expect(answers.map(([text]) => text)).toEqual(["a disk", "a disk", "a disk", "a disk"]);
  expect((await readFile(`${folder}.builds`, "utf8")).trim().split("\n")).toHaveLength(1);
});

test("a build that fails leaves nothing, and the next one may succeed", async () => {
  const failing = buildOnce({
    ...{ folder, key: "key", onStep: () => {} },
    build: async (work) => {
      await writeFile(join(work, "big"), "data");
      throw new Error("the archive is on fire");
    },
  });
  await expect(failing).rejects.toThrow("the archive is on fire");
  expect(await readdir(folder)).toEqual([]);
  await build();
});

test("a full disk is called by its name, with the way out, and leaves nothing", async () => {
  const filling = buildOnce({
    ...{ folder, key: "key", onStep: () => {} },
    build: async () => {
      // Every write to it fails with ENOSPC, null(4).
      await appendFile("/dev/full", "data");
      throw new Error("not reached");
    },
  });
  const error: Error = await filling.catch((reason) => reason);
  expect(error.name).toBe("HostError");
  const message = error.message.replace(folder, "FOLDER").replace(/\d+ MiB/, "N MiB");
  expect(message).toMatchInlineSnapshot(`
    "no space left while building an image in FOLDER (N MiB free)
      Free some space, or set PETRI_CACHE to a folder on a larger disk."
  `);
  expect(await readdir(folder)).toEqual([]);
});
