import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, matrix, vmTest } from "petri-vm/test";
import { patiently } from "../patience.ts";

const kernel = { on: matrix({ boot: "kernel", image: "petri-guest" }) };

/** The flood as the record on disk has it: everything between the command's echo-less start and the `ok` line. */
function flooded(traceDir: string, bytes: number): Buffer {
  const log = readFileSync(join(traceDir, "com1.log"));
  const start = log.indexOf("\n", log.indexOf("petri-guest ready")) + 1;
  return log.subarray(start, start + bytes);
}

vmTest("every byte of a flood is recorded", { ...kernel, timeout: "10m" }, async ({ vm, guest, cell }) => {
  // A test run without QEMU is a newcomer's first minute.
  const size = cell.vmm === "v86" ? 4_000_000 : 20_000_000;
  await guest.ready();
  const { bytes, crc32: sum } = await guest.flood(size, 7);
  expect(bytes).toBe(size);
  expect(crc32(flooded(vm.traceDir, size))).toBe(Number.parseInt(sum, 16));
});

vmTest(
  "a test stuck in a loop for ten seconds loses nothing and does not stall the guest",
  { on: patiently(matrix({ boot: "kernel", image: "petri-guest" })), timeout: "120s" },
  async ({ vm, guest }) => {
    const size = 400_000;
    await guest.ready();
    const done = new RegExp(`^ok flood ${size} crc32=([0-9a-f]{8})\\r?$`, "m");
    vm.console().sendLine(`flood ${size} 3`);
    // The command leaves by the recorder's thread; from here on only that thread runs. On a busy host the guest may
    // need longer than the ten seconds, but it must finish while nobody here can listen.
    const started = performance.now();
    let sum: string | undefined;
    for (let second = 1; second <= 10 || (sum === undefined && second <= 90); second++) {
      while (performance.now() < started + second * 1000);
      sum ??= done.exec(readFileSync(join(vm.traceDir, "com1.log"), "latin1"))?.[1];
    }
    expect(sum).toMatch(/^[0-9a-f]{8}$/);
    expect(crc32(flooded(vm.traceDir, size))).toBe(Number.parseInt(sum ?? "", 16));
    await expect(vm.console()).toPrint(`ok flood ${size}`);
  },
);

vmTest("two cursors do not disturb each other", kernel, async ({ vm, guest }) => {
  const console = vm.console();
  const [one, other] = [console.cursor("start"), console.cursor("start")];
  await one.expect("ready");
  await guest.echo("alpha");
  await guest.echo("beta");
  await one.expect("beta");
  await other.expect("alpha");
  await other.expect("beta");
});

vmTest("a wait that fails consumes nothing", kernel, async ({ vm, guest }) => {
  await guest.echo("alpha");
  await expect(vm.console().expect("never", { timeout: 50 })).rejects.toThrow(/never/);
  await expect(vm.console()).toPrint("ready");
  await expect(vm.console()).toPrint("alpha");
});

vmTest("the last bytes before an end are looked at", kernel, async ({ vm, guest }) => {
  const last = vm.console().expect(/^ok shutdown$/);
  await guest.shutdown();
  expect((await last).text).toBe("ok shutdown");
  await expect(vm).toPowerOff();
  // Known by now, so it ends at once and not by its timeout.
  await expect(vm.console().expect("more", { timeout: "30s" })).rejects.toThrow(/powered off/);
});
