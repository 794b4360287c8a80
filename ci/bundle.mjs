// Joins what `petri boot` loads into a few files, dist/bundle: most of the time before its VMM starts went into finding
// and reading some 400 of them. `npm run build` runs this behind tsc; all else runs from tsc's own output.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const out = join(dist, "bundle");
/** Of the dependencies, those that a boot always needs. */
const bundled = ["commander", "execa", "zod"];

/** What a boot loads in any case becomes part of what asks for it: each file of its own takes a millisecond more. */
const alwaysLoaded = {
  "cli/program.js": ["./boot.js"],
  "cli/boot.js": ["./boot/boot-command.js"],
  "vmm/qemu/index.js": ["./detect.js"],
};

const ourModules = {
  name: "our-modules",
  setup(hooks) {
    hooks.onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (!path.startsWith(`${dist}/`)) return undefined;
      const name = relative(dist, path);
      // A module finds files by its own address: that stays what it is unbundled.
      const address = `new URL(${JSON.stringify(`../${name}`)}, import.meta.url).href`;
      const source = readFileSync(path, "utf8")
        .replaceAll("import.meta.url", address)
        // Of zod's own object nothing could be left out; of its exports, three quarters are.
        .replace(/^import \{ z \} from "zod";$/m, 'import * as z from "zod";');
      return { contents: (alwaysLoaded[name] ?? []).reduce(importedAtOnce, source), loader: "js" };
    });
  },
};

function importedAtOnce(source, module, index) {
  const call = `import(${JSON.stringify(module)})`;
  if (!source.includes(call)) throw new Error(`nothing imports ${module} when it is needed any more`);
  return `import * as _at_once_${index} from ${JSON.stringify(module)};\n${source.replace(call, `Promise.resolve(_at_once_${index})`)}`;
}

/** The other commands stay where they are. */
const otherCommands = {
  name: "other-commands",
  setup(hooks) {
    hooks.onResolve({ filter: /^\.\/[\w-]+\.js$/ }, ({ importer, kind, path }) => {
      const isOther = importer === join(dist, "cli/program.js") && kind === "dynamic-import" && path !== "./boot.js";
      return isOther ? { path: `../cli/${path.slice(2)}`, external: true } : undefined;
    });
  },
};

const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
rmSync(out, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [join(dist, "cli/run-boot.js")],
  outdir: out,
  ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20.20", metafile: true },
  external: Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !bundled.includes(name)),
  // commander is CommonJS, and requires what Node has.
  banner: {
    js: 'import { createRequire as _createRequire } from "node:module"; const require = _createRequire(import.meta.url);',
  },
  plugins: [ourModules, otherCommands],
  ...{ logLevel: "warning", absWorkingDir: root },
});
writeFileSync(join(out, "LICENSES.txt"), licences(Object.keys(metafile.inputs)).join("\n\n"));

/** The licence of each package that has become part of the bundle. */
function licences(inputs) {
  const folders = new Set(inputs.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []));
  return [...folders].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
    if (!file) throw new Error(`${name} has no licence file in ${dirname(folder)}`);
    return `${name} ${version}\n\n${readFileSync(join(root, folder, file), "utf8")}`;
  });
}
