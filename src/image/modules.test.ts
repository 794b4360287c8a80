import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { moduleEntries, parseModule, readModules } from "./modules.ts";

const info = (...lines: string[]) => Buffer.from(`\x7fELF...\0${lines.join("\0")}\0...`, "latin1");

async function kernelWith(modules: Record<string, Buffer>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "petri-modules-"));
  await mkdir(join(folder, "drivers/deep"), { recursive: true });
  for (const [name, data] of Object.entries(modules)) await writeFile(join(folder, "drivers/deep", `${name}.ko`), data);
  return folder;
}

test("a module tells its needs and its devices", () => {
  const module = parseModule(
    "x",
    info("license=GPL", "alias=pci:v1*", "alias=pci:v2*", "depends=a-b,c", "softdep=pre: d e post: f"),
  );
  expect(module.depends).toEqual(["a_b", "c", "d", "e"]);
  expect(module.aliases).toEqual(["pci:v1*", "pci:v2*"]);
  expect(parseModule("y", info("depends=", "softdep=post: z")).depends).toEqual([]);
});

test("modules come with what they need; those the kernel lacks are left out", async () => {
  const folder = await kernelWith({
    "virtio-pci": info("depends=virtio,ring", "alias=pci:1af4*"),
    virtio: info("depends=ring"),
    ring: info("depends="),
    other: info("depends="),
  });
  const modules = await readModules(folder, ["virtio_pci", "built_in"], "xz");
  expect(modules.map((module) => module.name)).toEqual(["ring", "virtio", "virtio_pci"]);
});

test("modprobe's tables name all dependencies, and devices only of modules that load by themselves", async () => {
  const folder = await kernelWith({
    blk: info("depends=virtio", "alias=virtio:2"),
    virtio: info("depends=ring"),
    ring: info("depends="),
    ide: info("depends=", "alias=pci:ide", "alias=fs-ide"),
  });
  const modules = await readModules(folder, ["blk", "ide"], "xz");
  const table = (name: string) => {
    const entry = moduleEntries("6.1", modules, ["ide"]).find(({ path }) => path === `lib/modules/6.1/${name}`);
    return entry?.kind === "file" ? entry.data.toString() : undefined;
  };
  expect(table("modules.dep")).toBe("ring.ko:\nvirtio.ko: ring.ko\nblk.ko: virtio.ko ring.ko\nide.ko:\n");
  expect(table("modules.alias")).toBe("alias virtio:2 blk\nalias fs-ide ide\n");
});

test("what a module needs stands right of all that need it, in whatever order the module names them", async () => {
  // virtio-pci names the ring first; virtio cannot be loaded before it.
  const folder = await kernelWith({
    "virtio-pci": info("depends=ring,virtio,legacy"),
    legacy: info("depends=virtio"),
    virtio: info("depends=ring"),
    ring: info("depends="),
  });
  const entries = moduleEntries("6.1", await readModules(folder, ["virtio-pci"], "xz"), []);
  const table = entries.find(({ path }) => path.endsWith("modules.dep"));
  expect(table?.kind === "file" && table.data.toString()).toMatchInlineSnapshot(`
    "ring.ko:
    virtio.ko: ring.ko
    legacy.ko: virtio.ko ring.ko
    virtio_pci.ko: legacy.ko virtio.ko ring.ko
    "
  `);
});
