import type { MachineOverrides } from "../../../machine/merge.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { machineOf, type Vm } from "./vm.ts";

/** The first VM of a vm.conf(5); others, switches and global settings are put on the sheet. */
export function readVmConf(text: string, file: string, sheet: ImportSheet): MachineOverrides {
  const words = tokens(text);
  let found: Vm | undefined;
  for (let at = 0; at < words.length; ) {
    const word = words[at] ?? "";
    const open = words.indexOf("{", at);
    if ((word === "vm" || word === "switch") && open > at) {
      const close = blockEnd(words, open);
      const name = words[at + 1] ?? "";
      const parent = words
        .slice(at + 2, open)
        .join(" ")
        .trim();
      if (parent !== "")
        sheet.drop(
          `${file}: ${word} ${name} ${parent}`,
          "what it has of another VM is missing: only its own block is read",
        );
      if (close < 0) {
        sheet.refuse(`${file}: syntax error: the block of ${word} ${name} does not end`);
        break;
      }
      if (word === "vm" && found === undefined) found = readVm(name, words.slice(open + 1, close), file, sheet);
      else
        sheet.drop(
          `${file}: ${word} ${name}`,
          word === "vm" ? "one machine is read: the first" : "networks of the host are no part of a machine",
        );
      at = close + 1;
    } else if (word === "\n") at += 1;
    else {
      const end = words.indexOf("\n", at);
      sheet.drop(
        `${file}: ${words.slice(at, end < 0 ? undefined : end).join(" ")}`,
        "is about vmd, not about a machine",
      );
      at = end < 0 ? words.length : end;
    }
  }
  if (found === undefined) sheet.refuse(`${file}: no vm is defined`);
  return machineOf(found ?? { disks: [], networks: [], interfaces: 0 }, sheet);
}

function blockEnd(words: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at < words.length; at++) {
    if (words[at] === "{") depth += 1;
    if (words[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

/** Words, braces and line ends; `#` begins a comment, a backslash joins lines. */
function tokens(text: string): string[] {
  return [...text.replaceAll("\\\n", " ").matchAll(/#[^\n]*|"([^"]*)"|[{}\n]|[^\s{}"#]+/g)].flatMap((match) =>
    match[0].startsWith("#") ? [] : [match[1] ?? match[0]],
  );
}

function readVm(name: string, words: readonly string[], file: string, sheet: ImportSheet): Vm {
  const vm: Vm = { name, disks: [], networks: [], interfaces: 0 };
  const macs: (string | undefined)[] = [];
  for (let at = 0; at < words.length; at++) {
    const [word = "", next = ""] = [words[at], words[at + 1]];
    if (word === "\n" || word === "," || word === "}" || word === "{") continue;
    at += 1;
    if (word === "boot" && next === "device") vm.bootDevice = words[++at] ?? "";
    else if (word === "memory" || word === "boot" || word === "cdrom") vm[word] = next;
    else if (word === "disk") vm.disks.push(next);
    else if (word === "interfaces") vm.interfaces = Number(next);
    else if (word === "interface" || word === "local") {
      const end = words[at] === "{" ? blockEnd(words, at) : words.indexOf("\n", at);
      const inner = words.slice(word === "local" ? at - 1 : at, end < 0 ? undefined : end);
      const to = inner.indexOf("switch");
      for (const option of hostEnd(inner))
        sheet.drop(`${file}: interface: ${option}`, "says how the host's end of the card is set up");
      vm.networks.push(inner.includes("local") ? "local" : to < 0 ? "switch ?" : `switch ${inner[to + 1] ?? ""}`);
      const lladdr = inner.indexOf("lladdr");
      macs.push(lladdr < 0 ? undefined : inner[lladdr + 1] === "random" ? undefined : inner[lladdr + 1]);
      at = end < 0 ? words.length : end;
    } else if (word === "format" || word === "device") {
      if (word === "format") vm.disks.push(`${next}:${(vm.disks.pop() ?? "").replace(/^(qcow2|raw):/, "")}`);
    } else {
      const end = words.indexOf("\n", at - 1);
      sheet.drop(`${file}: ${words.slice(at - 1, end < 0 ? undefined : end).join(" ")}`, "a machine has no such field");
      at = end < 0 ? words.length : end;
    }
  }
  return { ...vm, macs };
}

/** What an interface's block says of its tap(4); its switch and address are read apart. */
function hostEnd(words: readonly string[]): string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "switch" || word === "lladdr") at += 1;
    else if (word === "group" || word === "rdomain") found.push(`${word} ${words[++at] ?? ""}`);
    else if (/^(locked|up|down|inet6|tap\d+)$/.test(word)) found.push(word);
  }
  return found;
}
