import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bootPhases, rank, type Sighting } from "./phase.ts";
import { PhaseRecogniser } from "./recogniser.ts";
import { phaseRules } from "./rules.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

/** What is recognised when the stream comes cut at these places. */
function recognise(text: string, cuts: readonly number[] = []): Sighting[] {
  const recogniser = new PhaseRecogniser();
  const all = bytes(text);
  const borders = [...new Set([0, ...cuts.map((cut) => cut % (all.length + 1)), all.length])].sort((a, b) => a - b);
  return borders
    .slice(1)
    .flatMap((end, index) => recogniser.push(all.subarray(borders[index], end), borders[index] ?? 0));
}

const brief = (found: readonly Sighting[]) => found.map(({ phase, offset }) => `${phase}@${offset}`);

const ovmf =
  '\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: loading Boot0001 "UEFI Misc Device" from PciRoot(0x0)\r\n' +
  'BdsDxe: starting Boot0001 "UEFI Misc Device" from PciRoot(0x0)\r\n' +
  "\x1b[0m\x1b[30m\x1b[47mWelcome to GRUB!\r\n\r\n\r\x1b[0m/EndEntire\r\n" +
  "\rEFI stub: Loaded initrd from command line option\r\n" +
  "[    0.000000] Linux version 6.1.0-56-cloud-amd64 (debian)\r\n" +
  "[    1.978090] Run /init as init process\r\n" +
  "Debian GNU/Linux 12 debian ttyS0\r\n\r\ndebian login: ";

const freebsd =
  "SeaBIOS (version rel-1.16.3-0)\r\nBooting from Hard Disk...\r\n" +
  "\x1b[?25hBTX loader 1.00  BTX version is 1.02\r\nConsoles: serial port\r\n" +
  "FreeBSD/x86 bootstrap loader, Revision 1.1\r\n---<<BOOT>>---\r\nCopyright (c) 1992-2021 The FreeBSD Project.\r\n" +
  "Setting hostuuid: 5f3bb9d4.\r\n\r\nFreeBSD/amd64 (freebsd) (ttyu0)\r\n\r\nlogin: ";

const openbsd =
  ">> OpenBSD/amd64 BOOT 3.65\r\nboot> \r\nbooting hd0a:/bsd: 15631640\r\n" +
  "[ using 3644600 bytes of bsd ELF symbol table ]\r\nCopyright (c) 1982, 1986, 1989, 1991, 1993\r\n" +
  "Automatic boot in progress: starting file system checks.\r\n";

describe("the rules", () => {
  test.each(phaseRules.map((rule) => [rule.example, rule] as const))("%s", (example, rule) => {
    expect(rule.pattern.test(example)).toBe(true);
    expect(rule.pattern.flags).toBe("");
    expect(recognise(`${example}${rule.isPrompt ? "" : "\n"}`).map(({ phase }) => phase)).toContain(rule.phase);
  });

  test("a line feed is part of none of them", () => {
    for (const { pattern, example } of phaseRules) {
      for (let at = 1; at < example.length; at++) {
        const cut = `${example.slice(0, at)}\n${example.slice(at)}`;
        const hit = new RegExp(pattern.source, "m").exec(cut);
        expect(hit?.[0] ?? "").not.toContain("\n");
      }
    }
  });

  test("a prompt stays the same however its line goes on", () => {
    for (const { pattern, example, isPrompt } of phaseRules) {
      if (!isPrompt) continue;
      const first = pattern.exec(example)?.[0];
      for (const more of [" ", "x", "login: ", "> boot", "\t"]) expect(pattern.exec(example + more)?.[0]).toBe(first);
    }
  });
});

describe("a boot", () => {
  test("by UEFI and GRUB to a login", () => {
    expect(recognise(ovmf).map(({ phase, evidence }) => `${phase}: ${evidence}`)).toMatchInlineSnapshot(`
      [
        "firmware: BdsDxe: loading Boot0001 "UEFI Misc Device" from PciRoot(0x0)",
        "loader: BdsDxe: starting Boot0001 "UEFI Misc Device" from PciRoot(0x0)",
        "kernel: EFI stub: Loaded initrd from command line option",
        "init: [    1.978090] Run /init as init process",
        "ready: debian login:",
      ]
    `);
  });

  test("of FreeBSD", () =>
    expect(brief(recognise(freebsd))).toMatchInlineSnapshot(`
    [
      "firmware@0",
      "loader@32",
      "kernel@170",
      "init@232",
      "ready@298",
    ]
  `));

  test("of OpenBSD, whose loader waits at a prompt", () => {
    expect(brief(recognise(openbsd))).toMatchInlineSnapshot(`
      [
        "loader@0",
        "kernel@65",
        "init@158",
      ]
    `);
    expect(brief(recognise("boot> "))).toEqual(["loader@0"]);
  });

  test("whose kernel is quiet goes from the loader to init", () => {
    const found = recognise("Welcome to GRUB!\n\x1b[1mWelcome to \x1b[0;1mDebian GNU/Linux 12 (bookworm)\x1b[0m!\n");
    expect(found.map(({ phase }) => phase)).toEqual(["loader", "init"]);
  });

  test("does not go back: a crash kernel, a log that is printed again", () => {
    const again = recognise(`${ovmf}\r\n${ovmf}`);
    expect(again).toEqual(recognise(ovmf));
  });

  test("a shell of the firmware's own is no loader", () => {
    expect(
      brief(recognise('BdsDxe: starting Boot0001 "EFI Internal Shell" from Fv(7CB8BDC9)/FvFile(7C04)\r\n')),
    ).toEqual(["firmware@0"]);
  });

  test("words in the middle of a line are none of a boot's", () => {
    const talk =
      "he said: Linux version 6 is out\nthe prompt is grub> \nWelcome to the machine\n# Booting from Hard Disk\n";
    expect(recognise(talk)).toEqual([]);
  });
});

describe("a hostile stream", () => {
  const noise = fc.constantFrom(
    "\x1b[2J",
    "\0",
    "\r",
    "\n",
    "\xff",
    "x".repeat(5000),
    "grub> ",
    "boot> ",
    " login: ",
    "a",
  );
  const piece = fc.oneof(noise, fc.constantFrom(...phaseRules.flatMap(({ example }) => [example, `${example}\r\n`])));
  const stream = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  const cuts = fc.array(fc.nat(200_000), { maxLength: 12 });

  test("is recognised the same however it is cut", () => {
    fc.assert(
      fc.property(fc.oneof(stream, fc.constantFrom(ovmf, freebsd, openbsd)), cuts, (text, places) => {
        expect(recognise(text, places)).toEqual(recognise(text));
      }),
      { numRuns: 1000 },
    );
  });

  test("every byte by itself", () => {
    for (const text of [ovmf, freebsd, openbsd]) {
      expect(
        recognise(
          text,
          Array.from({ length: text.length }, (_, at) => at),
        ),
      ).toEqual(recognise(text));
    }
  });

  test("phases come in order, each once, with a line that can be shown", () => {
    fc.assert(
      fc.property(stream, (text) => {
        const ranks = recognise(text).map(({ phase }) => rank(phase));
        expect(ranks).toEqual([...new Set(ranks)].sort((a, b) => a - b));
        for (const { evidence, offset } of recognise(text)) {
          expect(evidence).toMatch(/^[^\p{C}]{0,201}$/u);
          expect(offset).toBeLessThan(text.length);
        }
      }),
    );
  });

  test("a line without an end holds no memory, and what follows it is seen", () => {
    const recogniser = new PhaseRecogniser();
    const block = Buffer.alloc(2 ** 20, "x");
    const before = process.memoryUsage().rss;
    for (let at = 0; at < 512; at++) recogniser.push(block, at * block.length);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 2 ** 20);
    const found = recogniser.push(bytes("\nWelcome to GRUB!\n"), 512 * block.length);
    expect(brief(found)).toEqual([`loader@${512 * block.length + 1}`]);
  });

  test("what is known from elsewhere is not told again", () => {
    const recogniser = new PhaseRecogniser();
    recogniser.pass("kernel");
    expect(recogniser.push(bytes(ovmf), 0).map(({ phase }) => phase)).toEqual(["init", "ready"]);
    expect(bootPhases.at(-1)).toBe("ready");
  });
});
