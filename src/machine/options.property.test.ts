import fc from "fast-check";
import { expect, test } from "vitest";
import { diskBuses } from "./disk.ts";
import { UnsupportedError, UsageError } from "./errors.ts";
import type { MachineInput } from "./machine.ts";
import { notCarriedOptions } from "./options/not-carried.ts";
import { type GivenOption, machineOptions, parseMachineOptions, readMachineOptions } from "./options.ts";
import { formatSize } from "./size.ts";
import { parseMachine } from "./validate.ts";

/** A file name as people have them: commas, spaces, colons, equals signs and all. */
const path = fc.stringMatching(/^[a-z][ -~é]{0,20}$/).filter((text) => !/;(direct|create=\w*)$/.test(text));

const machine = fc.record({
  count: fc.integer({ min: 1, max: 64 }),
  pages: fc.integer({ min: 256, max: 2 ** 30 }),
  prefetch: fc.boolean(),
  rng: fc.boolean(),
  disks: fc.uniqueArray(
    fc.record({
      file: path,
      bus: fc.constantFrom(...diskBuses),
      mode: fc.constantFrom("" as const, "readOnly" as const, "persist" as const),
    }),
    { maxLength: 2, selector: ({ file }) => file },
  ),
  ports: fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 4 }),
  crash: fc.oneof(
    fc.constantFrom("reset", "halt", "exit"),
    fc.nat(255).map((code) => `exit:${code}`),
  ),
  com2: fc.option(path, { nil: undefined }),
});

test("a machine written as options is the machine written in TypeScript", () => {
  fc.assert(
    fc.property(machine, ({ count, pages, prefetch, rng, disks, ports, crash, com2 }) => {
      fc.pre(
        !disks.some(
          ({ file, bus, mode }) => file === com2 || (/\.iso$/i.test(file) && (mode === "persist" || bus !== "ide")),
        ),
      );
      const input: MachineInput = {
        boot: { kind: "uefi" },
        processors: { count },
        memory: { size: pages * 4096, prefetch },
        disks: disks.map(({ file, bus, mode }) => ({ file, bus, ...(mode === "" ? {} : { [mode]: true }) })),
        nics: ports.length === 0 ? [] : [{ forward: ports.map((hostPort) => ({ hostPort, guestPort: 22 })) }],
        consoles: com2 === undefined ? {} : { com2: `file=${com2}` },
        power: { crash },
        rng,
      };
      const forwards = ports.map((port) => `hostfwd=tcp::${port}-:22`).join(",");
      const argv = [
        "--uefi",
        ...["--processors", `count=${count}`],
        ...["-m", `${formatSize(pages * 4096)},prefetch=${prefetch ? "on" : "off"}`],
        ...disks.flatMap(({ file, bus, mode }) => {
          const word = { "": "", readOnly: ",ro", persist: ",persist" }[mode];
          return ["--disk", `file:${file.replaceAll(",", ",,")},bus=${bus}${word}`];
        }),
        ...(ports.length === 0 ? [] : ["--net", `consomme:${forwards}`]),
        ...(com2 === undefined ? [] : [`--com2=file=${com2}`]),
        ...["--guest-crash-action", crash],
        ...(rng ? ["--virtio-rng"] : []),
      ];
      expect(parseMachineOptions(argv).machine).toEqual(parseMachine(input));
    }),
  );
});

const names = [
  ...machineOptions.map(({ name }) => name),
  ...Object.keys(notCarriedOptions),
  "__proto__",
  "constructor",
];
const shreds = machineOptions.flatMap(({ example }) => example.split(/[ ,=:]/));
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(fc.constantFrom(...shreds, ",", "=", ":", ",,", "[", "]", "-", ""), { maxLength: 8 })
    .map((parts) => parts.join("")),
);

function onlyOurErrors(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof UnsupportedError)) throw error;
    expect(error.message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  }
}

test("whatever is given as options gives a machine or one of our own errors", () => {
  const name = fc.oneof(fc.constantFrom(...names), text);
  const given: fc.Arbitrary<GivenOption> = fc.oneof(fc.tuple(name), fc.tuple(name, text));
  fc.assert(
    fc.property(fc.array(given), (list) => onlyOurErrors(() => readMachineOptions(list))),
    { numRuns: 300 },
  );
});

test("so does whatever is given as a command line", () => {
  const word = fc.oneof(fc.constantFrom(...names.map((name) => `--${name}`)), fc.constantFrom(...shreds), text);
  fc.assert(
    fc.property(fc.array(word), (argv) => onlyOurErrors(() => parseMachineOptions(argv))),
    { numRuns: 300 },
  );
});

test("every value in a list is refused alone: the others are still judged", () => {
  fc.assert(
    fc.property(
      fc.subarray(["size=1X", "shared=x", "prefetch=x", "thp=x", "hugepages=x"], { minLength: 2 }),
      (items) => {
        expect(() => parseMachineOptions(["--uefi", "-m", items.join(",")])).toThrow(UsageError);
        try {
          parseMachineOptions(["--uefi", "-m", items.join(",")]);
        } catch (error) {
          for (const item of items) expect(String(error)).toContain(`${item} is not accepted`);
        }
      },
    ),
  );
});
