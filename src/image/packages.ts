import { rm } from "node:fs/promises";
import { runCommand } from "../host/run.ts";
import { HostError } from "../machine/errors.ts";
import { Apt, type PackageOffer } from "./apt.ts";
import { sha256File } from "./digest.ts";
import { ImageUnavailable } from "./unavailable.ts";

/** A package with the version and digest it is expected to have. */
export interface LockedPackage {
  /** The name that was asked for: for kernels, the package that depends on the newest one. */
  readonly wanted: string;
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly sha256: string;
}

export interface WantedPackage {
  readonly wanted: string;
  readonly arch: string;
  /** Take what the package depends on instead: the package whose name starts so; with several, what that depends on. */
  readonly follow?: readonly string[];
}

export interface PackageBuild {
  readonly cacheFolder: string;
  readonly locked: readonly LockedPackage[];
  readonly signal?: AbortSignal;
  readonly onStep: (step: string, detail?: string, fraction?: number) => void;
}

/**
 * Downloads and unpacks packages into `<folder>/<arch>`, at their locked versions where the archive still has them.
 * Gives what was really used.
 */
export async function unpackPackages(
  wanted: readonly WantedPackage[],
  folder: string,
  build: PackageBuild,
): Promise<LockedPackage[]> {
  const used: LockedPackage[] = [];
  for (const arch of new Set(wanted.map((want) => want.arch))) {
    const ofArch = wanted.filter((want) => want.arch === arch);
    const apt = new Apt(build.cacheFolder, arch, build.signal);
    build.onStep("reading the package index", arch);
    const isFresh = await apt.update();
    const fetched = await fetchPackages(apt, ofArch, folder, build).catch(async (error) => {
      if (isFresh || !(error instanceof HostError)) throw error;
      // The archive drops a package's old file when a new version comes in: look again with a new index.
      build.onStep("reading the package index again", arch);
      await apt.update(true);
      return await fetchPackages(apt, ofArch, folder, build);
    });
    for (const [index, { offer, file, want }] of fetched.entries()) {
      const { name, version, sha256 } = offer;
      build.onStep("unpacking packages", name, index / fetched.length);
      await runCommand("dpkg-deb", ["-x", file, `${folder}/${arch}`], build.signal ? { signal: build.signal } : {});
      await rm(file);
      used.push({ wanted: want.wanted, name, arch, version, sha256 });
    }
  }
  return used;
}

async function fetchPackages(apt: Apt, wanted: readonly WantedPackage[], folder: string, build: PackageBuild) {
  const offers = await chooseOffers(apt, wanted, build.locked);
  build.onStep("downloading packages", offers.map(({ offer }) => offer.name).join(" "));
  const files = await apt
    .download(
      offers.map(({ offer }) => offer),
      folder,
    )
    .catch((error) => {
      throw error instanceof HostError ? aptFailed("the packages cannot be downloaded", error) : error;
    });
  const fetched = [];
  // One after the other: each listens to the signal while it reads.
  for (const [index, { offer, want }] of offers.entries()) {
    const file = files[index] ?? "";
    const digest = await sha256File(file, build.signal);
    if (digest !== offer.sha256) {
      const { name, version, sha256 } = offer;
      throw new HostError(`${name} ${version} has sha256 ${digest}; the archive announced ${sha256}`);
    }
    fetched.push({ offer, want, file });
  }
  return fetched;
}

/** The part of apt that choosing takes. */
type Archive = Pick<Apt, "offers" | "updateFailure">;

/** For each package the locked version where the archive has it with the locked digest, else apt's choice. */
export async function chooseOffers(
  apt: Archive,
  wanted: readonly WantedPackage[],
  locked: readonly LockedPackage[],
): Promise<{ want: WantedPackage; offer: PackageOffer }[]> {
  const lockOf = (want: WantedPackage) =>
    locked.find((entry) => entry.wanted === want.wanted && entry.arch === want.arch);
  const offered = await apt.offers([
    ...new Set(wanted.flatMap((want) => [want.wanted, lockOf(want)?.name ?? []].flat())),
  ]);
  const chosen: { want: WantedPackage; offer: PackageOffer }[] = [];
  for (const want of wanted) {
    const lock = lockOf(want);
    const same = lock && offered.get(lock.name)?.find((it) => it.version === lock.version && it.sha256 === lock.sha256);
    const offer = same ?? (await newest(apt, want, offered.get(want.wanted)?.[0]));
    chosen.push({ want, offer });
  }
  return chosen;
}

async function newest(apt: Archive, want: WantedPackage, asked?: PackageOffer): Promise<PackageOffer> {
  if (!asked) throw notOffered(apt, want.wanted, want.arch);
  let offer = asked;
  for (const prefix of want.follow ?? []) {
    const followed = offer.depends.find((name) => name.startsWith(prefix)) ?? `${prefix}*`;
    const next = (await apt.offers([followed])).get(followed)?.[0];
    if (!next) throw notOffered(apt, followed, want.arch);
    offer = next;
  }
  return offer;
}

function notOffered({ updateFailure }: Archive, name: string, arch: string): ImageUnavailable {
  if (updateFailure) return aptFailed(`the package ${name} for ${arch} cannot be looked up`, updateFailure);
  return new ImageUnavailable(
    `the apt sources of this host offer no package ${name} for ${arch}\n` +
      "  The Debian images are built from Debian 12 packages. On another system write a sources file such as\n" +
      "    deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm main\n" +
      "  (with your Debian mirror's name; the keyring is in the package debian-archive-keyring) and set PETRI_APT_SOURCES to its absolute path.",
  );
}

/** apt's first complaint tells why, where `apt-get ended with status 100` does not. */
function aptFailed(what: string, cause: HostError): ImageUnavailable {
  const complaint = /\bE: (.+)/.exec(cause.message)?.[1]?.replace(/\s+/g, " ");
  return new ImageUnavailable(`${what}: ${complaint ?? "apt-get failed"}\n  ${cause.message}`, { cause });
}
