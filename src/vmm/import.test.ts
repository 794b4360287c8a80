import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { briefMachine } from "../machine/brief.ts";
import { UsageError } from "../machine/errors.ts";
import { parseMachine } from "../machine/validate.ts";
import { importText, importWords } from "./import.ts";

const folder = fileURLToPath(new URL("../../fixtures/command-lines/", import.meta.url));
const samples = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .flatMap((name) =>
    readFileSync(`${folder}${name}`, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const [label = "", command = ""] = line.split("\t");
        return { vmm: name.replace(".txt", ""), label, command };
      }),
  );

function errorOf(command: string): string {
  try {
    importText(command);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "";
}

describe.each(["qemu", "bhyve", "vmctl", "openvmm"])("commands of %s", (vmm) => {
  const own = samples.filter((sample) => sample.vmm === vmm);

  test.each(own.filter(({ label }) => label === "ok"))("$command", ({ command }) => {
    const imported = importText(command);
    expect(imported.vmm).toBe(vmm);
    expect(imported.machine).toEqual(parseMachine(imported.machine));
    const brief = briefMachine(imported.machine);
    expect(parseMachine(brief)).toEqual(imported.machine);
    const notCarried = imported.notCarried.map(({ option, reason }) => `${option} (${reason})`);
    expect({ ...brief, notCarried }).toMatchSnapshot();
  });

  test("which it would refuse, or which are others', with their reasons", () => {
    const refused = own.filter(({ label }) => label !== "ok");
    expect(Object.fromEntries(refused.map(({ command }) => [command, errorOf(command)]))).toMatchSnapshot();
    for (const { command, label } of refused) {
      const error = errorOf(command);
      expect(error, command).not.toBe("");
      expect(/another program/.test(error), command).toBe(label === "foreign");
    }
  });
});

test("the words a shell has split mean the same", () => {
  const text = "qemu-system-x86_64 -m 1G -append 'a b' -kernel k";
  expect(importWords(["qemu-system-x86_64", "-m", "1G", "-append", "a b", "-kernel", "k"])).toEqual(importText(text));
  expect(importWords([text])).toEqual(importText(text));
});

test("--from says whose command it is where the name does not", () => {
  expect(importWords(["-m", "1G"], { from: "qemu" }).machine.memory.size).toBe(2 ** 30);
  expect(importText("$VMM -m 1G -s 0,hostbridge vm", { from: "bhyve" }).vmm).toBe("bhyve");
  expect(() => importWords(["qemu-img", "info"], { from: "qemu" })).toThrow(/another program/);
  expect(() => importWords(["bhyve", "vm"], { from: "qemu" })).toThrow(/another program/);
});

/** Every word that is no place of its own must be in the machine or among what is not carried. */
test("no option of QEMU is lost silently", () => {
  const options = samples
    .filter(({ vmm, label }) => vmm === "qemu" && label === "ok")
    .flatMap(({ command }) => command.match(/ --?(?:soundhw|usbdevice|d|D|s|S|localtime|no-reboot|monitor)\b/g) ?? []);
  expect(options.length).toBeGreaterThan(5);
  const imported = importText(
    "qemu-system-x86_64 -soundhw hda -usbdevice tablet -d int -D log -s -S -localtime -monitor none",
  );
  expect(imported.notCarried.map(({ option }) => option)).toEqual(
    expect.arrayContaining(["-soundhw hda", "-usbdevice tablet", "-d int", "-D log", "-s", "-S", "-monitor none"]),
  );
  expect(imported.machine.rtc).toBe("localtime");
});

const shreds = samples.flatMap(({ command }) => command.split(/[ ,=:]/));
const words = samples.flatMap(({ command }) => command.split(" "));
const programs = ["qemu-system-x86_64", "qemu-system-aarch64", "bhyve", "bhyveload", "vmctl", "vmctl start", "openvmm"];

test("whatever is given imports or is refused, and nothing else", () => {
  const word = fc.oneof(
    fc.constantFrom(...words),
    fc.constantFrom(...shreds),
    fc.string({ unit: "binary" }),
    fc
      .array(fc.constantFrom(...shreds, ",", "=", ":", ",,", "{", "}", '"', ""), { maxLength: 6 })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(fc.constantFrom(...programs), fc.array(word, { maxLength: 12 }), (program, args) => {
      for (const act of [
        () => importWords([...program.split(" "), ...args]),
        () => importText([program, ...args].join(" ")),
      ]) {
        try {
          const { machine } = act();
          expect(parseMachine(machine)).toEqual(machine);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
        }
      }
    }),
    { numRuns: 200 },
  );
});
