import type { GivenCommand, ImportSheet } from "../../import/sheet.ts";
import { escapeOption } from "../disks.ts";
import type { CommandLine, Given } from "./command-line.ts";

/** Sections of a -readconfig file and the options they stand for (qemu(1), "-readconfig"). */
const sections: Readonly<Record<string, string>> = {
  ...{
    device: "device",
    drive: "drive",
    netdev: "netdev",
    net: "net",
    chardev: "chardev",
    mon: "mon",
    object: "object",
  },
  ...{
    machine: "machine",
    memory: "m",
    "smp-opts": "smp",
    "boot-opts": "boot",
    name: "name",
    fsdev: "fsdev",
    virtfs: "virtfs",
  },
  ...{ accel: "accel", global: "global", action: "action", rtc: "rtc", spice: "spice", vnc: "vnc", nic: "nic" },
};

/** The command line with what its -readconfig files say put in their place. */
export function withConfigFiles(line: CommandLine, { readText }: GivenCommand, sheet: ImportSheet): CommandLine {
  const files = line.all("readconfig");
  if (files.length === 0) return line;
  const given = files.flatMap(({ value }) => {
    const text = readText(value);
    if (text !== undefined) return readSections(text, value, sheet);
    sheet.drop(`-readconfig ${value}`, "the file cannot be read here: what it says is missing");
    return [];
  });
  const whole = line.with(given);
  whole.all("readconfig");
  return whole;
}

function readSections(text: string, file: string, sheet: ImportSheet): Given[] {
  const given: { name: string; items: string[] }[] = [];
  text.split("\n").forEach((raw, index) => {
    const content = raw.trim();
    const where = `${file}:${index + 1}`;
    const [, section, id] = /^\[([\w-]+)(?:\s+"([^"]*)")?\]$/.exec(content) ?? [];
    const [, key, value] = /^([\w.-]+)\s*=\s*"(.*)"$/.exec(content) ?? [];
    if (content === "" || content.startsWith("#")) return;
    if (section !== undefined) {
      const name = Object.hasOwn(sections, section) ? sections[section] : undefined;
      if (name === undefined) sheet.refuse(`${where}: There is no option group '${section}'`);
      given.push({ name: name ?? section, items: id === undefined ? [] : [`id=${escapeOption(id)}`] });
    } else if (key === undefined || value === undefined) sheet.refuse(`${where}: parse error`);
    else if (given.length === 0) sheet.refuse(`${where}: no group defined`);
    else given.at(-1)?.items.push(`${key}=${escapeOption(value)}`);
  });
  return given.map(({ name, items }) => ({ name, value: items.join(",") }));
}
