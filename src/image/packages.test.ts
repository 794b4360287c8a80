import { expect, test } from "vitest";
import { HostError } from "../machine/errors.ts";
import type { PackageOffer } from "./apt.ts";
import { newerThanLock } from "./build-debian.ts";
import { chooseOffers, type LockedPackage, type WantedPackage } from "./packages.ts";
import { ImageUnavailable } from "./unavailable.ts";

const offer = (name: string, version: string, depends: string[] = []): PackageOffer => ({
  ...{ name, version, depends, arch: "amd64", sha256: `${name}-${version}` },
});

/** An archive: every version of a package, apt's choice first. */
function archiveOf(...offers: PackageOffer[]) {
  return {
    updateFailure: undefined,
    offers: async (names: readonly string[]) =>
      new Map(
        names
          .map((name) => [name, offers.filter((it) => it.name === name)] as const)
          .filter(([, versions]) => versions.length > 0),
      ),
  };
}

const kernel: WantedPackage = { wanted: "linux-image-cloud-amd64", arch: "amd64", follow: ["linux-image-"] };
const locked: LockedPackage = {
  ...{ wanted: kernel.wanted, arch: "amd64", name: "linux-image-56", version: "1", sha256: "linux-image-56-1" },
};
const meta = offer("linux-image-cloud-amd64", "2", ["linux-image-57"]);

test("the locked version is taken where the archive still has it", async () => {
  const archive = archiveOf(
    meta,
    offer("linux-image-57", "2"),
    offer("linux-image-56", "3"),
    offer("linux-image-56", "1"),
  );
  const [chosen] = await chooseOffers(archive, [kernel], [locked]);
  expect(chosen?.offer).toMatchObject({ name: "linux-image-56", version: "1" });
});

test("else the newest one, by way of the package that depends on it, and that is said", async () => {
  const [chosen] = await chooseOffers(archiveOf(meta, offer("linux-image-57", "2")), [kernel], [locked]);
  expect(chosen?.offer).toMatchObject({ name: "linux-image-57", version: "2" });
  const used = { ...locked, name: "linux-image-57", version: "2" };
  expect(newerThanLock([used], [locked])).toMatchInlineSnapshot(`
    [
      "the archive does not have linux-image-56 1: built with linux-image-57 2",
    ]
  `);
  expect(newerThanLock([locked], [locked])).toEqual([]);
});

test("a package may be two steps away from the one that was asked for", async () => {
  const headers = [
    offer("linux-headers-amd64", "2", ["linux-headers-57-amd64"]),
    offer("linux-headers-57-amd64", "2", ["linux-compiler-gcc-12-x86", "linux-headers-57-common"]),
  ];
  const want = { wanted: "linux-headers-amd64", arch: "amd64", follow: ["linux-headers-", "linux-headers-"] };
  const [chosen] = await chooseOffers(archiveOf(...headers, offer("linux-headers-57-common", "2")), [want], []);
  expect(chosen?.offer.name).toBe("linux-headers-57-common");
  await expect(chooseOffers(archiveOf(...headers), [want], [])).rejects.toThrow("no package linux-headers-57-common");
});

test("a package of the locked version but with another digest is not the locked one", async () => {
  const archive = archiveOf(meta, offer("linux-image-57", "2"), { ...offer("linux-image-56", "1"), sha256: "other" });
  const [chosen] = await chooseOffers(archive, [kernel], [locked]);
  expect(chosen?.offer.name).toBe("linux-image-57");
});

test("a package the sources lack is an error that says how to get other sources", async () => {
  await expect(chooseOffers(archiveOf(), [kernel], [])).rejects.toThrowErrorMatchingInlineSnapshot(`
    [HostError: the apt sources of this host offer no package linux-image-cloud-amd64 for amd64
      The Debian images are built from Debian 12 packages. On another system write a sources file such as
        deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm main
      (with your Debian mirror's name; the keyring is in the package debian-archive-keyring) and set PETRI_APT_SOURCES to its absolute path.]
  `);
  await expect(chooseOffers(archiveOf(meta), [kernel], [])).rejects.toThrow("no package linux-image-57 for amd64");
});

test("when the index could not be read, that is the reason", async () => {
  const failure = new HostError(
    "apt-get ended with status 100\n  stderr: E: Failed to fetch http://deb/  no route\nE: x",
  );
  const archive = { ...archiveOf(), updateFailure: failure };
  await expect(chooseOffers(archive, [kernel], [])).rejects.toThrowErrorMatchingInlineSnapshot(`
    [HostError: the package linux-image-cloud-amd64 for amd64 cannot be looked up: Failed to fetch http://deb/ no route
      apt-get ended with status 100
      stderr: E: Failed to fetch http://deb/  no route
    E: x]
  `);
  await expect(chooseOffers(archive, [kernel], [])).rejects.toBeInstanceOf(ImageUnavailable);
});
