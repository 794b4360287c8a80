import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { localHost, readTrace } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-crash" });
const twoCpus = { on, machine: { processors: { count: 2 } } };

/** Names of the notes in an ELF core, of 64 bits (elf(5)). */
function notesOf(core: Buffer): string[] {
  const [headers, size, count] = [Number(core.readBigUInt64LE(32)), core.readUInt16LE(54), core.readUInt16LE(56)];
  const programs = Array.from({ length: count }, (_, index) => core.subarray(headers + index * size));
  const note = programs.find((program) => program.readUInt32LE(0) === 4);
  if (!note) return [];
  const start = Number(note.readBigUInt64LE(8));
  const end = start + Number(note.readBigUInt64LE(32));
  const names = [];
  const padded = (length: number) => (length + 3) & ~3;
  for (let at = start; at < end; ) {
    const [nameLength, length, type] = [core.readUInt32LE(at), core.readUInt32LE(at + 4), core.readUInt32LE(at + 8)];
    names.push(`${core.toString("latin1", at + 12, at + 12 + nameLength - 1)} ${type}`);
    at += 12 + padded(nameLength) + padded(length);
  }
  return names;
}

vmTest("the memory of a crashed guest is an ELF core with each vCPU's registers", twoCpus, async ({ vm, guest }) => {
  await guest.crash("panic");
  await expect(vm).toCrash("pvpanic");
  const registers = await vm.facet("registers")();
  await vm.facet("dumpMemory")("memory.elf");

  const file = join(vm.traceDir, "memory.elf");
  const core = readFileSync(file);
  expect(core.length).toBeGreaterThan(vm.machine.memory.size);
  expect(core.subarray(0, 20).toString("hex")).toMatch(/^7f454c460201010.{17}04003e00$/);
  expect(core.includes("Kernel panic - not syncing: sysrq triggered crash")).toBe(true);
  // NT_PRSTATUS of every vCPU, and QEMU's own note with the control registers.
  expect(notesOf(core)).toEqual(["CORE 1", "CORE 1", "QEMU 0", "QEMU 0"]);
  expect(await recorded(vm.traceDir, "note")).toContainEqual(
    expect.objectContaining({ text: "memory of the guest: memory.elf" }),
  );

  // A stopped guest's registers are the dump's.
  const places = [...registers.matchAll(/\bRIP=([0-9a-f]{16})/g)].map(([, rip]) => BigInt(`0x${rip}`));
  expect(places).toHaveLength(2);
  if (localHost.which("gdb") === undefined) return;
  const args = ["-nx", "-batch", "-ex", "thread apply all -ascending info registers rip", "-core", file];
  const shown = execFileSync("gdb", args, { encoding: "utf8", stdio: "pipe" });
  expect([...shown.matchAll(/^rip +0x([0-9a-f]+)/gm)].map(([, rip]) => BigInt(`0x${rip}`))).toEqual(places);
});

async function recorded(traceDir: string, kind: string) {
  const events = [];
  const trace = await readTrace(traceDir);
  for await (const event of trace.events()) if (event.kind === kind) events.push(event);
  return events;
}

vmTest("a guest runs on after its memory was written", { on }, async ({ vm, guest }) => {
  expect(await guest.echo("before")).toBe("before");
  await vm.facet("dumpMemory")("memory.elf");
  expect(await guest.echo("after")).toBe("after");
  expect(vm.power.events).toEqual([]);
  await expect(vm.facet("dumpMemory")("no/such/folder/memory.elf")).rejects.toThrow(/dump-guest-memory was refused/);
});

vmTest(
  "the screen of a crashed guest is a picture with something on it",
  { on, machine: { display: "headless" } },
  async ({ vm, guest }) => {
    await guest.crash("panic");
    await expect(vm).toCrash();
    await vm.facet("screenshot")("after.png");
    const png = readFileSync(join(vm.traceDir, "after.png"));
    expect(png.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    expect([width, height]).toEqual([720, 400]);
    expect(new Set(pixels(png)).size).toBeGreaterThan(1);
    expect(await recorded(vm.traceDir, "picture")).toMatchObject([{ file: "after.png" }]);
  },
);

/** The bytes of a PNG's rows, filters and all (PNG specification §5.3). */
function pixels(png: Buffer): Buffer {
  const data = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString("latin1", at + 4, at + 8) !== "IDAT") continue;
    data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  return inflateSync(Buffer.concat(data));
}

vmTest("an NMI reaches the kernel, which knows no reason for it", { on }, async ({ vm, guest }) => {
  await guest.ready();
  await vm.facet("nmi")();
  await expect(vm.console()).toPrint(/Uhhuh\. NMI received for unknown reason [0-9a-f]+ on CPU 0/);
  expect(await guest.echo("goes on")).toBe("goes on");
});

vmTest("what a VMM lacks is refused by its name", { on: matrix({ vmm: "v86", boot: "kernel" }) }, ({ vm }) => {
  for (const facet of ["dumpMemory", "nmi", "screenshot", "wake"] as const) {
    expect(() => vm.facet(facet)).toThrow(`v86 has no ${facet} for this machine`);
  }
});
