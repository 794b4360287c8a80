import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { newFolder, runPetri } from "./test/run-petri.ts";

const bhyve = fileURLToPath(new URL("../../fixtures/vmms/bhyve", import.meta.url));

test("every cell is told: what runs, and why the rest does not", async () => {
  const { exitCode, stdout } = await runPetri(newFolder(), ["matrix"], { PETRI_QEMU: "/nowhere/qemu" });
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toContain("✓ v86 kernel petri-guest");
  expect(lines).toContain("– v86 uefi petri-guest: v86 has no UEFI; boot by pcat or kernel");
  expect(lines).toContain(
    "– qemu uefi petri-guest: qemu is not here: /nowhere/qemu, named by PETRI_QEMU, is not a program; set PETRI_QEMU to QEMU's path, or unset it",
  );
  expect(lines).toContain("– bhyve kernel petri-guest: bhyve is not here: bhyve needs a FreeBSD host");
  const [count, all] =
    /^(\d+) of (\d+) cells run here$/
      .exec(lines.at(-1) ?? "")
      ?.slice(1)
      .map(Number) ?? [];
  expect(all).toBe(lines.length - 1);
  expect(count).toBe(lines.filter((line) => line.startsWith("✓")).length);
});

test("a double is told as one, and JSON says the same", async () => {
  const env = { PETRI_QEMU: "/nowhere/qemu", PETRI_BHYVE: bhyve };
  const { stdout } = await runPetri(newFolder(), ["matrix", "petri-guest", "--json"], env);
  const cells = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(cells).toContainEqual({ vmm: "bhyve", isDouble: true, boot: "uefi", image: "petri-guest", runs: true });
  expect(cells).toContainEqual({
    ...{ vmm: "bhyve", isDouble: true, boot: "pcat", image: "petri-guest", runs: false },
    reason: "bhyve has no BIOS: its firmware lost the CSM that stood for one; boot by uefi or kernel",
  });
});

test("an image that is none is refused before anything is looked at", async () => {
  const { exitCode, stderr } = await runPetri(newFolder(), ["matrix", "debain"]);
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(/^petri: there is no image "debain"; the catalogue has petri-guest, /);
});
