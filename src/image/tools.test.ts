import { afterEach, expect, test, vi } from "vitest";
import { findRecipe } from "./support.ts";
import { missingTools, requireTools } from "./tools.ts";

afterEach(() => vi.unstubAllEnvs());

test("a host without apt is told what it lacks, and how to build elsewhere", () => {
  vi.stubEnv("PATH", "/nowhere");
  expect(missingTools(findRecipe("debian")).map(({ tool }) => tool)).toEqual(["apt-get", "apt-cache", "dpkg-deb"]);
  expect(() => requireTools(findRecipe("debian"))).toThrowErrorMatchingInlineSnapshot(`
    [HostError: the image debian is built from Debian packages, and this host lacks apt-get, apt-cache, dpkg-deb
      build it once in a Debian container that shares the cache:
        docker run --rm -v "$HOME/.cache/petri:/cache" -e PETRI_CACHE=/cache node:20-bookworm npx petri-vm images build debian]
  `);
});

test("petri-guest needs no tool", () => {
  vi.stubEnv("PATH", "/nowhere");
  expect(missingTools(findRecipe("petri-guest"))).toEqual([]);
});

test("an image with a kernel module of its own is compiled on x86-64 only", () => {
  const needed = (name: string, arch: string) => missingTools(findRecipe(name), arch).map(({ tool }) => tool);
  expect(needed("debian-crash", "arm64")).toEqual([...needed("debian-cloud", "arm64"), "an x86-64 processor"]);
  expect(needed("debian-crash", "x64")).toEqual(needed("debian-cloud", "x64"));
});
