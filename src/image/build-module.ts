import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { runCommand } from "../host/run.ts";
import { HostError } from "../machine/errors.ts";
import type { KernelModule } from "./modules.ts";
import { parseModule } from "./modules.ts";
import type { WantedPackage } from "./packages.ts";

const arch = "amd64";
/** Debian's compiler and what it is linked with, for this host to run: unpacked like all else, never installed. */
const compiler = ["gcc-12", "cpp-12", "libisl23", "libmpc3", "libmpfr6", "libgmp10", "libzstd1", "zlib1g", "make"];
const linker = ["binutils-x86-64-linux-gnu", "libbinutils", "libctf0", "libctf-nobfd0", "libjansson4", "libelf1"];

/** What compiling a module for a kernel flavour of Debian 12 takes, such as `cloud-amd64`. */
export function modulePackages(flavour: string): WantedPackage[] {
  return [
    { wanted: `linux-headers-${flavour}`, arch, follow: ["linux-headers-"] },
    // What all flavours share has the kernel's version in its name, and no other package that names the newest.
    { wanted: "linux-headers-amd64", arch, follow: ["linux-headers-", "linux-headers-"] },
    { wanted: "linux-kbuild-6.1", arch },
    ...[...compiler, ...linker].map((wanted) => ({ wanted, arch })),
  ];
}

export interface ModuleBuild {
  /** The C file; the module is named for it. */
  readonly source: string;
  /** Where the packages were unpacked. */
  readonly tree: string;
  readonly kernelRelease: string;
  /** An absolute path; what is written while compiling goes there. */
  readonly workFolder: string;
  readonly signal?: AbortSignal;
}

/**
 * Compiles one C file into a kernel module, with the compiler and the headers of the unpacked packages and nothing
 * installed (Documentation/kbuild/modules.rst). Same packages, same bytes: no debug information, no path in it.
 */
export async function buildModule({
  source,
  tree,
  kernelRelease,
  workFolder,
  signal,
}: ModuleBuild): Promise<KernelModule> {
  const name = basename(source, ".c");
  const folder = join(workFolder, "module");
  // The kernel's Makefile refuses them in its own words, which name neither the folder's reason nor the way out.
  if (/[\s:]/.test(folder)) {
    throw new HostError(
      `a kernel module cannot be compiled in ${folder}: set PETRI_CACHE to a path without spaces and colons`,
    );
  }
  const headers = join(tree, "usr/src", `linux-headers-${kernelRelease}`);
  const makefile = await readFile(join(headers, "Makefile"), "utf8").catch((cause) => {
    throw new HostError(`the archive has kernel ${kernelRelease}, but the headers of another: try again later`, {
      cause,
    });
  });
  await writeFile(join(headers, "Makefile"), makefile.replaceAll(" /usr/src/", ` ${join(tree, "usr/src")}/`));
  await mkdir(folder);
  await copyFile(source, join(folder, `${name}.c`));
  await writeFile(join(folder, "Kbuild"), `obj-m := ${name}.o\n`);

  const libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"].map((path) => join(tree, path));
  const flags = `-g0 -fmacro-prefix-map=${folder}/=`;
  await runCommand(
    join(tree, "usr/bin/make"),
    ["-C", headers, `M=${folder}`, "CROSS_COMPILE=x86_64-linux-gnu-", `KCFLAGS=${flags}`, "modules"],
    {
      env: {
        LC_ALL: "C",
        PATH: `${join(tree, "usr/bin")}:${process.env.PATH ?? "/usr/bin:/bin"}`,
        LD_LIBRARY_PATH: libraries.join(":"),
        // Of a make that Petri may have been started by.
        MAKEFLAGS: "",
      },
      ...(signal && { signal }),
    },
  );
  return parseModule(name, await readFile(join(folder, `${name}.ko`)));
}
