import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { localHost } from "../../host/local.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Detection } from "../contract.ts";
import { importText } from "../import.ts";
import { scriptQemu } from "./script.ts";

const binary = localHost.which("qemu-system-x86_64");
const kernel = fileURLToPath(new URL("../../../fixtures/petri-guest/built/petri-guest.elf", import.meta.url));
const detection: Detection = {
  ...{ vmm: "qemu", present: true, notes: [], fixes: [], binary: binary ?? "" },
  accelerators: [{ name: "tcg", works: true, reason: "test" }],
  firmware: [],
};

/** Files are those of the folder the test makes: d.img, e.img, c.iso, f.img, k, share. */
const commands = [
  "qemu-system-x86_64 -m 64 -hda d.img -hdb e.img -cdrom c.iso -fda f.img -boot d",
  "qemu-system-x86_64 -M q35 -m 64 -cdrom c.iso -drive file=d.img,format=raw,index=0 -smp 4,sockets=2,cores=2",
  "qemu-system-x86_64 -m 64 -kernel k -append 'a b=\"c d\"' -nographic -cpu max,-avx2 -device virtio-rng-pci",
  "qemu-system-x86_64 -m 64 -drive file=d.img,if=virtio,format=raw -drive file=e.img,if=virtio,format=raw,readonly=on -snapshot",
  "qemu-system-x86_64 -M pc -m 64 -device ahci,id=s -drive file=d.img,if=none,id=d,format=raw -device ide-hd,bus=s.3,drive=d",
  "qemu-system-x86_64 -m 64 -device virtio-scsi-pci -drive file=d.img,if=none,id=d,format=raw -device scsi-hd,scsi-id=5,drive=d",
  "qemu-system-x86_64 -m 64 -blockdev driver=file,filename=d.img,node-name=f -blockdev driver=raw,file=f,node-name=d -device nvme,drive=d,serial=1",
  "qemu-system-x86_64 -m 64 -netdev user,id=a -device e1000,netdev=a,mac=52:54:00:12:34:99 -nic user,model=rtl8139 -virtfs local,path=share,mount_tag=s,security_model=none",
  "qemu-system-x86_64 -m 64 -device i6300esb -watchdog-action pause -no-reboot -no-shutdown -device virtio-serial-pci -device virtconsole",
  "qemu-system-x86_64 -M q35 -m 64 -global ICH9-LPC.noreboot=off -icount shift=3,sleep=off -rtc clock=vm -vga std",
  "qemu-system-x86_64 -M q35,memory-backend=m -m 64 -object memory-backend-memfd,id=m,size=64M,share=on -serial file:out.log -serial none -serial pty",
  "bhyve -m 64M -c cpus=2,cores=2 -s 0,hostbridge -s 2:0,ahci,hd:d.img,cd:c.iso -s 3,virtio-net -s 4,virtio-rnd -l com1,/dev/nmdm0A -s 31,lpc vm1",
  "vmctl start -m 64M -i 2 -d d.img -d e.img -r c.iso web",
  "openvmm -m 64MB -k k -c console=ttyS0 --virtio-blk memdiff:file:d.img --virtio-9p s,share --virtio-console none --com1 none",
];

function folder(): string {
  const cwd = mkdtempSync(join(tmpdir(), "petri-accepted-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  for (const name of ["d.img", "e.img", "c.iso"]) writeFileSync(join(cwd, name), Buffer.alloc(2 ** 20));
  writeFileSync(join(cwd, "f.img"), Buffer.alloc(1440 * 1024));
  mkdirSync(join(cwd, "share"));
  return cwd;
}

/** What QEMU says of a pseudo-terminal it made, and of a card that is meant to be unplugged. */
const told = /^.*(char device redirected|has no peer).*$/gm;

/** The control channel has the terminal: no console may. */
function withoutTerminal(machine: Machine): Machine {
  const consoles = Object.entries(machine.consoles).map(([name, backend]) => [
    name,
    backend === "console" ? "capture" : backend,
  ]);
  const { boot } = machine;
  const named = boot.kind === "kernel" ? { ...boot, kernel } : boot;
  // The same keys, and backends stay backends.
  return { ...machine, boot: named, consoles: Object.fromEntries(consoles) as Machine["consoles"] };
}

test.runIf(binary !== undefined).each(commands)("QEMU takes what comes of %s", async (command) => {
  const { machine } = importText(command);
  const { run } = scriptQemu(withoutTerminal(machine), { runDir: "run", traceDir: "run" }, detection);
  const args = run.args.map((arg) => arg.replace(/^stdio,/, "null,"));
  const { exitCode, stderr, stdout } = await execa(run.file, [...args, "-S", "-qmp", "stdio"], {
    ...{ cwd: folder(), reject: false, timeout: 60_000 },
    input: '{"execute":"qmp_capabilities"}{"execute":"query-status"}{"execute":"quit"}',
  });
  expect({ exitCode, stderr: stderr.replace(told, "").trim() }).toEqual({
    exitCode: 0,
    stderr: "",
  });
  expect(stdout).toContain('"status": "prelaunch"');
});
