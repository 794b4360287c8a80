import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { briefMachine } from "../machine/brief.ts";
import { importText, importWords } from "./import.ts";

const textOf = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/command-lines/${name}`, import.meta.url)), "utf8");

function shown(imported: ReturnType<typeof importText>) {
  const notCarried = imported.notCarried.map(({ option, reason }) => `${option} (${reason})`);
  return { vmm: imported.vmm, ...briefMachine(imported.machine), notCarried };
}

test("a libvirt domain", () => {
  const imported = importText(textOf("domain.xml"));
  expect(importWords(["virsh", "define", "web.xml"], { readText: () => textOf("domain.xml") })).toEqual(imported);
  expect(shown(imported)).toMatchSnapshot();
});

test("a vm.conf", () => {
  expect(
    shown(importWords(["vmctl", "load", "/etc/vm.conf"], { readText: () => textOf("vm.conf") })),
  ).toMatchSnapshot();
});

test("a vm.conf's words about the host's end of a card, or about another VM, are listed", () => {
  const conf = `vm "a" instance "base" {
  interface tap0 { switch "up" locked lladdr 52:54:00:12:34:56 group lan rdomain 1 down }
  interface
}
`;
  const { machine, notCarried } = importText("vmctl load a.conf", { readText: () => conf });
  expect(machine.nics.map(({ mac }) => mac)).toEqual(["52:54:00:12:34:56", undefined]);
  expect(notCarried.map(({ option }) => option)).toEqual([
    "a.conf: vm a instance base",
    "a.conf: interface: tap0",
    "a.conf: interface: locked",
    "a.conf: interface: group lan",
    "a.conf: interface: rdomain 1",
    "a.conf: interface: down",
    "-n up",
    "interface",
  ]);
});

test("QEMU's -readconfig", () => {
  const config = `# ours
[machine]
  type = "q35"
[drive "d0"]
  file = "a,b.img"
  if = "none"
  format = "raw"
[device "disk"]
  driver = "virtio-blk-pci"
  drive = "d0"
`;
  const { machine, notCarried } = importText("qemu-system-x86_64 -readconfig my.cfg", { readText: () => config });
  expect(notCarried.map(({ option }) => option)).not.toContain("-readconfig my.cfg");
  expect(machine.chipset).toBe("q35");
  expect(machine.disks).toMatchObject([{ file: "a,b.img", bus: "virtio", format: "raw", persist: true }]);
  expect(() => importText("qemu-system-x86_64 -readconfig c", { readText: () => "[what]\n" })).toThrow(
    /c:1: There is no option group 'what'/,
  );
});

test("bhyve's -k", () => {
  const config = "name=web\nmemory.size=1G\npci.0.2.0.device=virtio-blk\npci.0.2.0.path=/vm/a.img\npci.0.2.0.ro=true\n";
  expect(importText("bhyve -k web.conf", { readText: () => config }).machine).toMatchObject({
    name: "web",
    memory: { size: 2 ** 30 },
    disks: [{ file: "/vm/a.img", bus: "virtio" }],
  });
});

test("a file that cannot be read is told, not guessed", () => {
  for (const command of ["qemu-system-x86_64 -readconfig x.cfg", "bhyve -k x.conf", "vmctl load x.conf"]) {
    expect(JSON.stringify(importText(command).notCarried)).toContain("cannot be read here");
  }
});

test.each([
  ["<domain><name>x</name>", /XML error: line 1: <domain> does not end/],
  ["<domain><memory>1</memory><on_crash>explode</on_crash></domain>", /unknown on_crash action: explode/],
  ["virsh start web", /virsh start: is another command/],
])("%s is refused", (text, message) => {
  expect(() => importText(text)).toThrow(message);
});

test("a disk that is copied first is a throw-away of what it is a copy of", () => {
  const { machine } = importText("cp base.img own.img && qemu-system-x86_64 -hda own.img -hdb other.img");
  expect(machine.disks).toMatchObject([
    { file: "base.img", persist: false },
    { file: "other.img", persist: true },
  ]);
});
