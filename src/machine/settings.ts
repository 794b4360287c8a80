import { dirname, resolve } from "node:path";
import { type ConfigOutput, configSchema } from "./config.ts";
import { flagsOf, misspelt, type SettingWord, settingWords } from "./environment.ts";
import { UsageError } from "./errors.ts";
import { accepted, toProblems } from "./issue-text.ts";
import { formatProblem, showWord } from "./problem.ts";
import { machineFrom } from "./relative-paths.ts";
import { checkPartial } from "./validate.ts";

const defaults = {
  machine: {},
  host: "local",
  require: [],
  results: "petri-results",
  retries: 0,
  timeoutScale: 1,
  images: {},
  oracle: {},
  keepTraces: "failures",
  traceCap: 2 ** 30,
  firmware: {},
} as const satisfies Partial<ConfigOutput>;

/** What holds for a run, after the file, the environment and the flags. Paths are absolute. */
export type Settings = ConfigOutput & { [K in keyof typeof defaults]-?: NonNullable<ConfigOutput[K]> };

/** What the settings name of the host: VMMs' programs, firmware images. */
export function namedPrograms({ qemu, bhyve, vmctl, openvmm, firmware }: Settings): Record<string, string | undefined> {
  return { qemu, bhyve, vmctl, openvmm, ...firmware };
}

export interface SettingSources {
  /** The default export of `petri.config.ts`, and the path of that file. */
  readonly config?: unknown;
  readonly configFile?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Flags as they were written, by name: `{ retries: "2" }`. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** What relative paths of the environment and of flags start from. */
  readonly cwd: string;
}

/**
 * The settings of a run: the configuration file, below the environment, below the flags. Throws one UsageError
 * that names every problem and where it was written. An empty variable counts as absent.
 *
 * @example mergeSettings({ config, configFile, env: process.env, flags: { retries: "2" }, cwd: process.cwd() })
 */
export function mergeSettings({ config, configFile, env = {}, flags = {}, cwd }: SettingSources): Settings {
  const problems: string[] = [];
  const written = (word: SettingWord) => flagsOf(word).filter((name) => flags[name] !== undefined);
  for (const word of settingWords) {
    const twice = written(word);
    if (twice.length > 1) problems.push(`${twice.map((name) => `--${name}`).join(" and ")} say the same: write one`);
  }
  const file = readConfig(config, configFile ?? "petri.config.ts", problems);
  const base = configFile === undefined ? cwd : dirname(resolve(cwd, configFile));
  const layers: Layer[] = [
    Object.entries(defaults),
    fromFile(file, base),
    fromWords(
      settingWords,
      (word) => env[word.env],
      (word, text) => `${word.env}=${text}`,
      cwd,
      problems,
    ),
    fromWords(
      settingWords,
      (word) => flags[written(word)[0] ?? ""],
      (word, text) => `--${written(word)[0]} ${text}`,
      cwd,
      problems,
    ),
  ];
  for (const { name, meant } of misspelt(env)) problems.push(`${name}: unknown variable: did you mean ${meant}?`);
  if (problems.length > 0) throw UsageError.of(problems, "the settings have problems");
  return merge(layers, cwd);
}

/** Values by key; `firmware.uefiCode` is a key of its own, so that layers can say one file each. */
type Layer = readonly (readonly [key: string, value: unknown])[];

function readConfig(config: unknown, name: string, problems: string[]): ConfigOutput {
  if (config === undefined) return {};
  const parsed = configSchema.safeParse(config, { error: accepted, reportInput: true });
  const machine = configSchema.shape.machine.safeParse(
    typeof config === "object" ? Reflect.get(config ?? {}, "machine") : {},
  );
  const found = [
    ...(parsed.success ? [] : toProblems(parsed.error.issues)),
    ...checkPartial(machine.data ?? {}).map(({ path, message }) => ({ path: ["machine", ...path], message })),
  ];
  problems.push(...found.map((problem) => `${name}: ${formatProblem(problem)}`));
  return parsed.success && found.length === 0 ? parsed.data : {};
}

function fromFile({ firmware = {}, images, machine, ...rest }: ConfigOutput, base: string): Layer {
  const at = (path: string | undefined) => (path === undefined ? path : resolve(base, path));
  const own = Object.entries(images ?? {}).map(([name, image]) => [
    name,
    present({
      ...image,
      disk: at(image.disk),
      kernel: at(image.kernel),
      initrd: at(image.initrd),
      vmlinux: at(image.vmlinux),
    }),
  ]);
  return [
    ...Object.entries(rest).map(([key, value]) => [key, absolute(key, value, base)] as const),
    ...Object.entries(firmware).map(([key, path]) => [`firmware.${key}`, at(path)] as const),
    ...(images === undefined ? [] : [["images", Object.fromEntries(own)] as const]),
    ...(machine === undefined ? [] : [["machine", machineFrom(machine, base)] as const]),
  ];
}

function fromWords(
  words: readonly SettingWord[],
  textOf: (word: SettingWord) => string | undefined,
  say: (word: SettingWord, text: string) => string,
  cwd: string,
  problems: string[],
): Layer {
  return words.flatMap((word) => {
    const text = textOf(word);
    if (text === undefined || text === "") return [];
    const parsed = word.schema.safeParse(typed(word, text), { error: accepted });
    if (parsed.success) return [[word.key, absolute(word.key, parsed.data, cwd)] as const];
    const forms = new Set(parsed.error.issues.map((issue) => issue.message));
    problems.push(`${say(word, showWord(text))} is not accepted: ${[...forms].join("; ")}`);
    return [];
  });
}

function typed({ kind }: SettingWord, text: string): unknown {
  if (kind === "words") return text.split(",").map((item) => item.trim());
  if (kind === "number") return /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
  return text;
}

/** A path starts from where it was written; a command without a slash is looked up on PATH. */
function absolute(key: string, value: unknown, base: string): unknown {
  const kind = settingWords.find((word) => word.key === key)?.kind;
  const isPath = kind === "path" || (kind === "command" && String(value).includes("/"));
  return typeof value === "string" && isPath ? resolve(base, value) : value;
}

function merge(layers: readonly Layer[], cwd: string): Settings {
  const merged: Record<string, unknown> = {};
  const firmware: Record<string, unknown> = {};
  for (const [key, value] of layers.flat()) {
    if (value === undefined) continue;
    if (key.startsWith("firmware.")) firmware[key.slice("firmware.".length)] = value;
    else merged[key] = value;
  }
  // Each value was checked by the schema of its key, and the first layer has every default.
  return { ...merged, results: absolute("results", merged.results, cwd), firmware } as Settings;
}

function present<T extends object>(fields: T): Partial<T> {
  // What remains is what was there.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
