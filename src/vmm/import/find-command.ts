import { showWord } from "../../machine/problem.ts";
import type { ImportSource, NotCarried } from "./sheet.ts";
import { type SimpleCommand, splitShell, type Word } from "./shell-words.ts";

/** A VMM's command, freed of the shell around it. */
export interface FoundCommand {
  readonly source: ImportSource;
  readonly program: string;
  readonly args: readonly string[];
  /** What stood around it. */
  readonly notCarried: readonly NotCarried[];
  /** Files that `cp` makes before it, and of what. */
  readonly copies: ReadonlyMap<string, string>;
  readonly isElided: boolean;
}

/** The text is no command of a VMM that can be read, or no command at all. */
export class NotOurs extends Error {}

/** Programs that start others: what they are told first is theirs, then comes the command. */
const wrappers = new Set(
  `sudo doas su env exec command builtin nohup nice ionice chrt taskset cpuset numactl time timeout setsid stdbuf unbuffer
  rlwrap strace ltrace gdb lldb valgrind perf catchsegv systemd-run systemd-inhibit xvfb-run dbus-run-session firejail
  daemon jexec lockf screen tmux nsenter unshare chroot ip winpty start watch faketime pkexec runuser setpriv prlimit
  cgexec proot script ktrace truss torsocks flock
  sh bash dash zsh ksh ash eval while until if then else do ! { $ % > # PS>`.split(/\s+/),
);

/** What reads like a VMM's name and is another program. */
const others =
  /^(qemu-(?!system-|kvm)|xhyve|hyperkit|vmd$|virt-|cloud-hypervisor|firecracker|crosvm|lkvm|kvmtool|v?boxmanage)/i;

/** The VMM's commands: those that run a machine go before those that only prepare one. */
const programs: readonly (readonly [RegExp, ImportSource, rank: number])[] = [
  [/^qemu-system-[\w.+-]+$/, "qemu", 2],
  [/^(qemu-kvm|kvm|qemu|kvm-spice)$/, "qemu", 2],
  [/^bhyve$/, "bhyve", 2],
  [/^(bhyveload|grub-bhyve|grub2-bhyve|bhyvectl)$/, "bhyve", 1],
  [/^openvmm$/, "openvmm", 2],
  [/^vmctl$/, "vmctl", 2],
  [/^virsh$/, "libvirt", 1],
];

const elision = /^(\[?\.\.\.+\]?|\[?…\]?|<\.\.\.>|\(\.\.\.\))$/;

function programOf(path: string): string {
  return (path.split(/[/\\]/).at(-1) ?? path).replace(/\.exe$/i, "");
}

function sourceOf(word: Word): (typeof programs)[number] | undefined {
  const name = programOf(word.text);
  const known = programs.find(([pattern]) => pattern.test(name));
  if (known !== undefined || !word.isOpen) return known;
  // `$QEMU`, `${BHYVE}`: the variable's name says what it holds.
  const guess = /qemu|bhyve|vmctl|openvmm/i.exec(name)?.[0].toLowerCase();
  return programs.find(([, source, rank]) => source === guess && rank === 2);
}

interface Candidate {
  readonly command: SimpleCommand;
  readonly words: readonly Word[];
  readonly source: ImportSource;
  readonly rank: number;
}

/** The command of a VMM in a shell's text. Throws NotOurs where there is none, RangeError for text no shell takes. */
export function findInText(text: string, from?: ImportSource): FoundCommand {
  const isWindows = /^\s*(\.\\|[A-Za-z]:\\|\S+\.exe(\s|$))/.test(text);
  const commands = splitShell(withoutPrompt(text), isWindows ? "windows" : "posix");
  const candidates = commands.flatMap((command) => candidateOf(command, from) ?? []);
  const best = candidates.find(({ rank }) => rank === Math.max(...candidates.map((each) => each.rank)));
  if (best === undefined) throw new NotOurs(foreign(commands[0]?.words.map((word) => word.text) ?? []));
  const before = commands.slice(0, commands.indexOf(best.command));
  const copies = new Map(before.flatMap((command) => copyOf(command) ?? []));
  return { ...freed(best), copies, notCarried: [...around(best, commands), ...openWords(best.words)] };
}

/** The same for words that a shell has split already. A single one is split here. */
export function findInWords(words: readonly string[], from?: ImportSource): FoundCommand {
  if (words.length === 1 && /\s/.test(words[0] ?? "")) return findInText(words[0] ?? "", from);
  const command = { words: words.map((text) => ({ text, isOpen: false })), redirections: [], operator: "" };
  const found = candidateOf(command, from);
  if (found === undefined) throw new NotOurs(foreign(words));
  return { ...freed(found), notCarried: [], copies: new Map() };
}

function withoutPrompt(text: string): string {
  const [, rest, name = ""] = /^\s*[#%>$]\s+((?:sudo\s+|doas\s+)?(\S+)[\s\S]*)$/.exec(text) ?? [];
  return rest !== undefined && (wrappers.has(name) || sourceOf({ text: name, isOpen: false })) ? rest : text;
}

function candidateOf(command: SimpleCommand, from: ImportSource | undefined): Candidate | undefined {
  const words = unwrapped(command.words);
  const [first] = words;
  if (first === undefined) return undefined;
  const name = programOf(first.text);
  if (/^(ba|da|z|k|a)?sh$/.test(name) || name === "eval") return undefined;
  if (name === "cargo") return cargo(command, words);
  if (others.test(name)) return undefined;
  const known = sourceOf(first);
  if (known !== undefined && (from === undefined || known[1] === from)) {
    return { command, words, source: known[1], rank: known[2] };
  }
  if (from === undefined || known !== undefined) return undefined;
  // The user says what it is: arguments alone, or a program by another name.
  const named = first.text.startsWith("-") ? [{ text: defaultProgram(from), isOpen: false }, ...words] : words;
  return { command, words: named, source: from, rank: 0 };
}

function defaultProgram(source: ImportSource): string {
  return source === "qemu" ? "qemu-system-x86_64" : source;
}

/** The words from the program on: assignments, `sudo -u me`, `nice -n 1`, `while` and the like taken off. */
function unwrapped(words: readonly Word[]): readonly Word[] {
  const start = words.findIndex(({ text }) => !/^[A-Za-z_]\w*\+?=/.test(text));
  const own = start < 0 ? [] : words.slice(start);
  const first = programOf(own[0]?.text ?? "");
  if (!wrappers.has(first)) return own;
  const isProgram = ({ text }: Word, index: number, all: readonly Word[]) =>
    index > 0 &&
    !/^(-u|-g|--user|--group)$/.test(all[index - 1]?.text ?? "") &&
    (programOf(text) === "cargo" || sourceOf({ text, isOpen: /^"?\$/.test(text) }) !== undefined);
  const at = own.findIndex(isProgram);
  if (at >= 0) return own.slice(at);
  const script = own.find(({ text }) => /\s/.test(text) && /qemu|bhyve|vmctl|openvmm/.test(text));
  if (script === undefined) return own;
  const [inner] = splitShell(script.text)
    .map((each) => unwrapped(each.words))
    .filter((each) => each[0] && sourceOf(each[0]));
  return inner ?? own;
}

/** `cargo run` in OpenVMM's checkout builds and starts it; any other package or subcommand is another program. */
function cargo(command: SimpleCommand, words: readonly Word[]): Candidate | undefined {
  const texts = words.map(({ text }) => text);
  const end = texts.indexOf("--");
  const own = end < 0 ? texts : texts.slice(0, end);
  if (own.find((text, index) => index > 0 && !/^[-+]/.test(text)) !== "run") return undefined;
  const named = own.flatMap((text, index) => {
    if (/^(-p|--package|--bin)$/.test(text)) return [own[index + 1] ?? ""];
    return /^(?:--package|--bin)=(.*)$/.exec(text)?.slice(1) ?? [];
  });
  if (named.some((name) => name !== "openvmm")) return undefined;
  const rest = end < 0 ? [] : words.slice(end + 1);
  return { command, words: [{ text: "openvmm", isOpen: false }, ...rest], source: "openvmm", rank: 2 };
}

/** `cp FROM TO`, as the list that a Map takes. */
function copyOf({ words }: SimpleCommand): [[to: string, from: string]] | undefined {
  const [program, ...rest] = words.map(({ text }) => text);
  const [from, to, ...more] = rest.filter((text) => !text.startsWith("-"));
  if (program !== "cp" || from === undefined || to === undefined || more.length > 0) return undefined;
  return [[to, from]];
}

function freed({ words, source }: Candidate): Omit<FoundCommand, "notCarried" | "copies"> {
  const args = words.slice(1).map(({ text }) => text);
  return {
    source,
    program: programOf(words[0]?.text ?? ""),
    args: args.filter((text) => !elision.test(text)),
    isElided: args.some((text) => elision.test(text)),
  };
}

/** What the shell was told beside the command: other commands, redirections, wrappers. */
function around(best: Candidate, commands: readonly SimpleCommand[]): NotCarried[] {
  const { command, words } = best;
  const before = command.words.slice(0, Math.max(0, command.words.length - words.length)).map(({ text }) => text);
  return [
    ...(before.length > 0 && programOf(words[0]?.text ?? "") !== "openvmm"
      ? [{ option: before.join(" "), reason: "what stands before the program is no part of the machine" }]
      : []),
    ...command.redirections.map((option) => ({ option, reason: "a redirection of the shell" })),
    ...commands
      .filter((other) => other !== command && other.words.length > 0 && copyOf(other) === undefined)
      .filter((other) => other.words[0]?.text !== "mkdir")
      .map((other) => ({ option: other.words.map(({ text }) => text).join(" "), reason: "another command" })),
    ...(words.some(({ text }) => elision.test(text))
      ? [{ option: "...", reason: "whoever wrote it left something out, which nobody here knows" }]
      : []),
  ];
}

function openWords(words: readonly Word[]): NotCarried[] {
  return words
    .slice(1)
    .filter(({ isOpen }) => isOpen)
    .map(({ text }) => ({ option: text, reason: "the shell it was written for fills this in; taken as it stands" }));
}

function foreign(words: readonly string[]): string {
  const own = unwrapped(words.map((text) => ({ text, isOpen: false })));
  const name = own[0]?.text ?? "";
  const what = name === "" ? "nothing is there to run" : `${showWord(programOf(name))} is another program`;
  const shown = programOf(name) === "cargo" ? "this cargo command runs another program" : what;
  return `${shown}: the command lines that can be read are those of qemu-system-*, bhyve, vmctl, openvmm and virsh define`;
}
