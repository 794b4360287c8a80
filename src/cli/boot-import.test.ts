import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { localHost } from "../host/local.ts";
import { newFolder, runPetri } from "./test/run-petri.ts";

const built = fileURLToPath(new URL("../../fixtures/petri-guest/built/petri-guest.elf", import.meta.url));
const disk = fileURLToPath(new URL("../../fixtures/petri-guest/built/petri-guest.img", import.meta.url));
const hasQemu = localHost.which("qemu-system-x86_64") !== undefined;

function folder(): string {
  const cwd = newFolder();
  copyFileSync(built, join(cwd, "k.elf"));
  writeFileSync(join(cwd, "d.img"), Buffer.alloc(2 ** 20));
  return cwd;
}

test("a QEMU command boots on v86: what only QEMU has a word for is changed and told", async () => {
  const cwd = folder();
  const command =
    "sudo qemu-system-x86_64 -M q35 -cpu max -m 128 -kernel k.elf -hda d.img -nographic -net nic -net user";
  const boot = ["boot", "--import", command, "--vmm", "v86", "--memory", "64M"];
  const { exitCode, stdout, stderr } = await runPetri(cwd, [
    ...boot,
    "--expect",
    "ready",
    "--send",
    "info\\n",
    "--expect",
    "ok boot=kernel",
    "--trace",
    "t",
  ]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain("petri-guest ready kernel");
  for (const told of [
    "sudo",
    "chipset q35",
    "processors.model max",
    "d.img: bus ahci",
    "nics[0].backend user",
    "writes to d.img",
  ]) {
    expect(stderr).toContain(`  ${told}\n`);
  }
  const machine = JSON.parse(readFileSync(join(cwd, "t/machine.json"), "utf8"));
  expect(machine).toMatchObject({
    memory: { size: 2 ** 26 },
    power: { shutdown: "exit" },
    consoles: { com1: "console" },
  });
  expect(machine.disks).toMatchObject([{ bus: "ide", persist: false }]);
});

test.runIf(hasQemu)("a bhyve command boots on QEMU, and its disk stays as it was", async () => {
  const cwd = folder();
  copyFileSync(disk, join(cwd, "d.img"));
  const before = readFileSync(join(cwd, "d.img"));
  const command = "bhyve -c 2 -m 64M -H -s 0,hostbridge -s 31,lpc -l com1,stdio -s 3,virtio-blk,d.img vm1";
  const boot = [
    "boot",
    "--import",
    command,
    "--vmm",
    "qemu",
    "--hypervisor",
    "tcg",
    "--expect",
    "petri-guest ready pcat",
  ];
  const { exitCode, stderr } = await runPetri(cwd, boot);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain("(no -l bootrom)");
  expect(readFileSync(join(cwd, "d.img")).equals(before)).toBe(true);
});

test.each([
  [["--import", "qemu-system-x86_64 -m lots"], 64, /-m lots: Parameter 'size' expects a size/],
  [["--import", "qemu-img info d.img"], 64, /qemu-img is another program/],
  [["--import", "qemu-system-x86_64 -m 64 -kernel k.elf", "--image", "petri-guest"], 64, /contradict/],
  [
    ["--import", "qemu-system-x86_64 -m 64 -smp 4 -kernel k.elf", "--vmm", "v86"],
    69,
    /processors.count: v86 has 1 processor, not 4/,
  ],
  [["--import", "qemu-system-x86_64 -m 64 -kernel nothere", "--vmm", "v86"], 64, /nothere/],
  [["--import", "qemu-system-x86_64 -m 64 -kernel k.elf", "--memroy", "1G"], 64, /did you mean --memory/],
])("%j is told what is wrong", async (args, code, message) => {
  const { exitCode, stderr } = await runPetri(folder(), ["boot", ...args]);
  expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringMatching(message) });
});
