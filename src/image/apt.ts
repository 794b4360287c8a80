import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock } from "../host/lock.ts";
import { runCommand } from "../host/run.ts";
import { HostError } from "../machine/errors.ts";
import { sha256 } from "./digest.ts";

/** A version of a package that the archive offers. */
export interface PackageOffer {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly sha256: string;
  readonly depends: readonly string[];
}

const maxIndexAgeMs = 24 * 3_600_000;

/**
 * apt with its own index in the cache folder: it needs neither root nor `apt-get update` nor `dpkg
 * --add-architecture` by anyone. It uses the host's sources and keys, or the sources file named by
 * PETRI_APT_SOURCES. apt itself checks signatures and digests.
 */
export class Apt {
  readonly #folder: string;
  readonly #arch: string;
  readonly #signal: AbortSignal | undefined;
  #updateFailure: HostError | undefined;

  constructor(cacheFolder: string, arch: string, signal?: AbortSignal) {
    // Another sources file has another index.
    const sources = process.env.PETRI_APT_SOURCES;
    this.#folder = join(cacheFolder, "apt", sources ? `${arch}-${sha256(sources).slice(0, 8)}` : arch);
    this.#arch = arch;
    this.#signal = signal;
  }

  /**
   * Fetches the archive's index unless it is fresh, and tells whether it did. `always` when a package turned out to be
   * gone from the archive. A source that fails is no error yet: the packages may be in another one.
   */
  async update(always = false): Promise<boolean> {
    const stamp = join(this.#folder, "updated");
    const options = this.#signal ? { signal: this.#signal } : {};
    return await withFileLock(`${this.#folder}.lock`, async () => await this.#update(stamp, always), options);
  }

  async #update(stamp: string, always: boolean): Promise<boolean> {
    const updatedAt = await stat(stamp).then(
      (stats) => stats.mtimeMs,
      () => 0,
    );
    const ageMs = Date.now() - updatedAt;
    if (!always && ageMs >= 0 && ageMs < maxIndexAgeMs) return false;
    await mkdir(join(this.#folder, "state/lists/partial"), { recursive: true });
    await mkdir(join(this.#folder, "cache/archives/partial"), { recursive: true });
    await writeFile(join(this.#folder, "status"), "");
    try {
      await this.#run("apt-get", ["update"]);
      await writeFile(stamp, "");
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      this.#updateFailure = error;
    }
    return true;
  }

  /** Why the index may lack packages that the archive has. */
  get updateFailure(): HostError | undefined {
    return this.#updateFailure;
  }

  /** Every version on offer of each package, apt's own choice first; a package the archive lacks has none. */
  async offers(names: readonly string[]): Promise<Map<string, PackageOffer[]>> {
    // `apt-cache show` fails if it lacks one of the names; `policy` leaves it out.
    const policy = (await this.#run("apt-cache", ["policy", ...names])).stdout.toString();
    const candidates = parseCandidates(policy);
    if (candidates.size === 0) return new Map();
    const shown = parseStanzas((await this.#run("apt-cache", ["show", ...candidates.keys()])).stdout.toString());
    return new Map(
      [...candidates].map(([name, candidate]) => {
        const versions = shown.filter((offer) => offer.name === name);
        return [name, versions.sort((a, b) => Number(b.version === candidate) - Number(a.version === candidate))];
      }),
    );
  }

  /** Downloads the packages into the folder and gives the files' paths, in order. */
  async download(offers: readonly PackageOffer[], into: string): Promise<string[]> {
    await this.#run("apt-get", ["download", ...offers.map(({ name, version }) => `${name}=${version}`)], into);
    // apt names the files so: `1:2.0` becomes `1%3a2.0`.
    return offers.map(({ name, version, arch }) => join(into, `${name}_${version.replaceAll(":", "%3a")}_${arch}.deb`));
  }

  async #run(program: string, args: readonly string[], cwd?: string): Promise<{ stdout: Buffer }> {
    const sources = process.env.PETRI_APT_SOURCES;
    const settings: Record<string, string> = {
      "Dir::State": join(this.#folder, "state"),
      "Dir::State::status": join(this.#folder, "status"),
      "Dir::Cache": join(this.#folder, "cache"),
      // Container images of Debian switch these off.
      "Dir::Cache::pkgcache": "pkgcache.bin",
      "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
      "APT::Architecture": this.#arch,
      "APT::Architectures": this.#arch,
      "APT::Sandbox::User": "",
      "Acquire::Languages": "none",
      "Acquire::GzipIndexes": "true",
      "Acquire::Retries": "2",
      // A source that cannot be reached is an error, not a warning.
      "APT::Update::Error-Mode": "any",
      "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
      ...(sources && { "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "-" }),
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    return await runCommand(program, ["-q", ...options, ...args], {
      env: { LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" },
      ...(cwd && { cwd }),
      ...(this.#signal && { signal: this.#signal }),
    });
  }
}

/** The version apt would install, by package, from `apt-cache policy`. */
export function parseCandidates(policy: string): Map<string, string> {
  const found = policy.matchAll(/^(\S+):\n(?: {2}.*\n)*? {2}Candidate: (\S+)$/gm);
  return new Map([...found].flatMap(([, name = "", version = ""]) => (version === "(none)" ? [] : [[name, version]])));
}

/** Debian policy §5.1: stanzas of `Field: value`, apart by an empty line. */
export function parseStanzas(text: string): PackageOffer[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(stanza)?.[1] ?? "";
    const sha256 = field("SHA256");
    if (!sha256) return [];
    const depends = field("Depends")
      .split(/[,|] */)
      .map((word) => word.trim().split(" ")[0] ?? "")
      .filter(Boolean);
    return [
      {
        name: field("Package"),
        arch: field("Architecture"),
        version: field("Version"),
        sha256,
        depends,
      },
    ];
  });
}
