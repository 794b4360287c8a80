import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder, runPetri } from "./test/run-petri.ts";

const jsonOf = (stdout: string) =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Record<string, unknown> => JSON.parse(line));

test("a machine on stdout, and what it does not say on stderr", async () => {
  const { exitCode, stdout, stderr } = await runPetri(newFolder(), [
    "import",
    "--",
    "qemu-system-x86_64",
    "-m",
    "256",
    "-hda",
    "a.img",
    "-s",
  ]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    boot: { kind: "pcat" },
    memory: { size: "256M" },
    disks: [{ file: "a.img" }],
  });
  expect(stderr).toMatch(/^not carried:\n {2}\(no -nic\)\n {6}QEMU then/);
  expect(stderr).toContain("  -s\n");
});

test("--json is one line with exactly these keys, for the refused as well", async () => {
  const cwd = newFolder();
  const good = await runPetri(cwd, ["import", "--json", "sudo bhyve -m 1G -s 0,hostbridge vm1 | tee log"]);
  expect(good).toMatchObject({ exitCode: 0, stderr: "" });
  const [record = {}] = jsonOf(good.stdout);
  expect(Object.keys(record)).toEqual(["vmm", "machine", "notCarried"]);
  expect(record.vmm).toBe("bhyve");
  const bad = await runPetri(cwd, ["import", "--json", "--", "bhyve", "-s", "99,lpc", "vm1"]);
  expect(bad).toMatchObject({ exitCode: 64, stderr: "" });
  expect(jsonOf(bad.stdout)).toEqual([{ error: expect.stringContaining("Invalid PCI slot info field") }]);
});

test("--from-file gives one line for each command", async () => {
  const cwd = newFolder();
  const commands = [
    "# mine",
    "",
    "qemu-system-x86_64 -m 1G \\",
    "  -nographic",
    "qemu-img info x",
    "# bhyve vm1",
    "vmctl start -Q",
    "openvmm -k 'k",
  ];
  writeFileSync(join(cwd, "all.txt"), commands.join("\n"));
  const { exitCode, stdout } = await runPetri(cwd, ["import", "--from-file", "all.txt"]);
  expect(exitCode).toBe(0);
  const records = jsonOf(stdout);
  expect(records.map((record) => record.vmm ?? "error")).toEqual(["qemu", "error", "bhyve", "error", "error"]);
  expect(records[0]?.machine).toMatchObject({ memory: { size: 2 ** 30 }, consoles: { com1: "console" } });
  expect(records[1]?.error).toMatch(/^qemu-img is another program/);
});

test("files that the command names are read, where they are", async () => {
  const cwd = newFolder();
  writeFileSync(
    join(cwd, "d.xml"),
    "<domain type='kvm'><name>x</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>",
  );
  const { stdout } = await runPetri(cwd, ["import", "--json", "d.xml"]);
  expect(jsonOf(stdout)[0]).toMatchObject({ vmm: "libvirt", machine: { name: "x", memory: { size: 2 ** 26 } } });
});

test.each([
  [["import"], /write one of them/],
  [["import", "qemu-system-x86_64", "-m", "1G"], /after --|unknown option/],
  [["import", "--from", "xen", "--", "x"], /--from xen is not accepted: write qemu, openvmm, bhyve, vmctl, libvirt/],
  [["import", "--from-file", "nothere"], /--from-file nothere cannot be read/],
  [
    ["import", "--", "qemu-system-x86_64", "-m", "x", "-vga", "y"],
    /would refuse this command:\n {2}- -m x.*\n {2}- -vga y/,
  ],
])("%j is told what is wrong", async (args, message) => {
  const { exitCode, stdout, stderr } = await runPetri(newFolder(), args);
  expect(exitCode).toBe(64);
  expect(stdout).toBe("");
  expect(stderr).toMatch(message);
});

test("a hostile command cannot paint the terminal", async () => {
  const { stderr } = await runPetri(newFolder(), [
    "import",
    "--",
    "qemu-system-x86_64",
    "-fw_cfg",
    "\u001b]52;c;x\u0007\u202e",
  ]);
  expect(stderr).not.toMatch(/[\u001b\u0007\u202e]/);
});
