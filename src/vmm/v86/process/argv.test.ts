import { describe, expect, test } from "vitest";
import { DEFAULT_MEMORY, parseArgv, valueOptions } from "./argv.ts";
import { usage } from "./usage.ts";

const problems = (...argv: string[]) => {
  const parsed = parseArgv(argv);
  return "problems" in parsed ? parsed.problems : [];
};

describe("the command line", () => {
  test("becomes options, with defaults for what is left out", () => {
    expect(parseArgv(["--control", "unix:/c", "--com2=unix:/s", "--multiboot", "k"])).toEqual({
      options: {
        control: "/c",
        consoles: { com2: "/s" },
        memoryBytes: DEFAULT_MEMORY,
        cmdline: "",
        bootOrder: ["disk", "cdrom", "floppy"],
        nic: "none",
        multiboot: "k",
      },
    });
  });

  test("may have a kernel's command line that looks like options", () => {
    expect(parseArgv(["--control", "unix:/c", "--kernel", "k", "--cmdline=--quiet -- x"])).toMatchObject({
      options: { cmdline: "--quiet -- x" },
    });
  });

  test("has all its problems reported at once", () => {
    expect(
      problems(
        "--com1",
        "tcp:1",
        "--memory",
        "1000",
        "--memory",
        "2",
        "--nic",
        "user",
        "--boot-order",
        "disk,disk",
        "--frob",
        "stray",
        "--hdb",
        "b",
        "--bios",
      ),
    ).toMatchInlineSnapshot(`
      [
        "--memory is given twice",
        "unknown option --frob",
        "unexpected argument "stray"",
        "--bios wants a value",
        "--control unix:PATH is missing",
        "--com1 wants unix:PATH, not "tcp:1"",
        "--memory wants bytes, a multiple of 1048576 from 1048576 to 2130706432, not "1000"",
        "--boot-order wants a list of disk, cdrom, floppy without repeats, not "disk,disk"",
        "--nic wants one of none, ne2k, virtio, not "user"",
        "--hdb needs --hda: v86 has no second disk without a first",
        "nothing to boot: give --multiboot, --kernel, or --bios with a disk",
      ]
    `);
  });

  test.each([
    [["--initrd", "i", "--bios", "b"], "--initrd needs --kernel or --multiboot"],
    [["--multiboot", "m", "--kernel", "k"], "--multiboot and --kernel exclude each other"],
    [["--hda", "d"], "nothing to boot: give --multiboot, --kernel, or --bios with a disk"],
    [["--bios", "b", "--hdb", "d"], "--hdb needs --hda: v86 has no second disk without a first"],
    [
      ["--multiboot", "m", "--memory", String(2 ** 31)],
      `--memory wants bytes, a multiple of 1048576 from 1048576 to 2130706432, not "2147483648"`,
    ],
  ])("%j cannot be", (argv, problem) => {
    expect(problems("--control", "unix:/c", ...argv)).toEqual([problem]);
  });
});

test("the help names every option there is", () => {
  for (const name of valueOptions) expect(usage).toContain(`--${name}`);
});
