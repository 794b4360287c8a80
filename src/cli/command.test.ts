import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { localHost } from "../host/local.ts";
import { newFolder, runPetri } from "./test/run-petri.ts";

const hasQemu = localHost.which("qemu-system-x86_64") !== undefined;

function folderWith(machine: object): string {
  const cwd = newFolder();
  writeFileSync(join(cwd, "m.json"), JSON.stringify(machine));
  return cwd;
}

test.runIf(hasQemu)("the commands to paste, copies first, and what they do not say", async () => {
  const cwd = folderWith({
    ...{ boot: { kind: "uefi", firmware: "my code.fd", nvram: "vars.fd" }, power: { shutdown: "exit:7" } },
    ...{ watchdog: { heartbeat: "5s" }, disks: [{ file: "it's.img" }] },
  });
  const { exitCode, stdout, stderr } = await runPetri(cwd, [
    "command",
    "--vmm",
    "qemu",
    "--hypervisor",
    "tcg",
    "m.json",
  ]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: `not carried:
  power.shutdown "exit:7"
      the command does "exit"
  watchdog {"heartbeat":5000,"console":"com1"}
      no command says it: Petri does it
`,
  });
  const [mkdir, cp, run] = stdout.split("\n");
  expect([mkdir, cp]).toEqual(["mkdir -p run/vm", "cp vars.fd run/vm/nvram.fd"]);
  expect(run).toContain("file=it'\\''s.img'");
  expect(run).not.toMatch(/ -S |control|unix:/);
});

test.runIf(hasQemu)("another VMM's command is fitted, and --json says the same", async () => {
  const bhyve =
    "bhyve -m 1G -s 0,hostbridge -s 3,ahci-hd,d.img -l bootrom,/fw/BHYVE_UEFI.fd -l com1,stdio -s 31,lpc vm1";
  const { stdout } = await runPetri(newFolder(), ["command", "--vmm", "qemu", "--json", bhyve]);
  const { vmm, steps, notCarried } = JSON.parse(stdout);
  expect(vmm).toBe("qemu");
  expect(steps.at(-1).args).toEqual(expect.arrayContaining(["-chardev", "stdio,id=com1"]));
  expect(notCarried).toContainEqual({
    option: "boot.firmware /fw/BHYVE_UEFI.fd",
    reason: "it is built for bhyve: qemu takes its own",
  });
});

test("v86 is Petri's own, which its command says", async () => {
  const cwd = folderWith({ boot: { kind: "kernel", kernel: "k" }, memory: { size: "64M" } });
  const { exitCode, stdout, stderr } = await runPetri(cwd, ["command", "--vmm", "v86", "m.json"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("--memory 67108864 --kernel k");
  expect(stderr).toContain("waits there for a harness: petri boot runs the machine");
});

test.each([
  [["command", "m.json"], 64, /--vmm is missing: write --vmm qemu\|openvmm/],
  [["command", "--vmm", "xen", "m.json"], 64, /--vmm xen is not accepted/],
  [["command", "--vmm", "v86", "nothere.json"], 64, /nothere.json cannot be read as a machine's JSON/],
  [["command", "--vmm", "v86", "m.json"], 69, /processors.count: v86 has 1 processor, not 2/],
])("%j is told what is wrong", async (args, code, message) => {
  const cwd = folderWith({ boot: { kind: "kernel", kernel: "k" }, processors: { count: 2 } });
  const { exitCode, stdout, stderr } = await runPetri(cwd, args);
  expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
  expect(stderr).toMatch(message);
});

test("diff tells field by field, and by its exit code", async () => {
  const cwd = folderWith({ boot: { kind: "pcat" }, memory: { size: "1G" } });
  const qemu = "qemu-system-x86_64 -m 2G -nodefaults -no-shutdown -serial pty";
  const { exitCode, stdout } = await runPetri(cwd, ["diff", "m.json", qemu]);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 1,
    stdout: 'memory.size: 1G → 2G\nchipset: "auto" → "pc"\n',
  });
  const json = await runPetri(cwd, ["diff", "--json", "m.json", qemu]);
  expect(JSON.parse(json.stdout)).toEqual([
    { path: "memory.size", a: 2 ** 30, b: 2 ** 31 },
    { path: "chipset", a: "auto", b: "pc" },
  ]);
  expect(await runPetri(cwd, ["diff", "m.json", "m.json"])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});

test.runIf(localHost.which("bhyve") === undefined)(
  "the steps of a VMM that is elsewhere, loader and clean-up in order",
  async () => {
    const cwd = folderWith({
      boot: { kind: "kernel", kernel: "/k", cmdline: "a b" },
      memory: { size: "64M" },
      disks: [{ file: "d.img", format: "raw" }],
    });
    const { exitCode, stdout, stderr } = await runPetri(cwd, ["command", "--vmm", "bhyve", "m.json"], {
      PETRI_BHYVE: "",
    });
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain("(no bhyve here)");
    const programs = stdout.split("\n").filter((line) => /^(mkdir|cp|sh|bhyve|bhyvectl|grub-bhyve) /.test(line));
    expect(programs.map((line) => line.split(" ")[0])).toEqual([
      "mkdir",
      "cp",
      "sh",
      "bhyvectl",
      "grub-bhyve",
      "bhyve",
      "bhyvectl",
    ]);
    expect(stdout).toContain("multiboot (host)/k a b");
  },
);
