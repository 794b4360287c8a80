import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { resolveImage } from "../src/image/resolve.ts";
import { boot } from "../src/vm/boot.ts";
import type { VirtualMachine } from "../src/vm/virtual-machine.ts";
import { peerShell } from "./pexpect-shell.ts";
import { compare, type Figure, median } from "./table.ts";

const rounds = 3;
const commands = 60;
const megabytes = 100;
/** By its path: a shell may have a `uname` of its own, and it is the new process that costs. */
const program = ["/bin/busybox", "uname", "-r"];
const command = program.join(" ");

/**
 * Driving a guest: a command on an open channel beside the same bytes on a bare stream to a shell of the guest, the
 * serial shell beside pexpect at the same prompt, and a file's way into the guest beside a bare stream to `cat`.
 */
export async function bench(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "petri-bench-"));
  try {
    const serial = await withVm(join(dir, "serial"), false, serialRates);
    const vsock = await withVm(join(dir, "vsock"), true, async (vm) => [
      ...(await execs(vm)),
      ...(await uploads(vm, join(dir, "file"))),
    ]);
    return [...serial, ...vsock];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function withVm<T>(traceDir: string, vsock: boolean, use: (vm: VirtualMachine) => Promise<T>): Promise<T> {
  const image = await resolveImage("debian-cloud", "kernel");
  // The files of this guest are in its memory.
  const machine = { memory: { size: "1G" }, ...(vsock && { vsock: true as const }) };
  const vm = await boot({ machine, image, placement: { vmm: "qemu" }, traceDir });
  try {
    await vm.guest.ready();
    await must(vm, ["true"]);
    return await use(vm);
  } finally {
    await vm.quit();
  }
}

async function execs(vm: VirtualMachine): Promise<Figure[]> {
  await listen(vm, 5000, "sh");
  const stream = await vm.vsock.connect(5000);
  const ask = async () => {
    const answer = line(stream);
    stream.write(`${command}\n`);
    await answer;
  };
  const figures = await compare(
    `one command (${command}), p50 of ${commands}`,
    "ms",
    [
      { name: "bare vsock stream to a shell", run: () => medianOf(ask) },
      { name: "guest.exec, vsock", run: () => medianOf(() => must(vm, program)) },
    ],
    rounds,
  );
  stream.destroy();
  return figures;
}

async function uploads(vm: VirtualMachine, file: string): Promise<Figure[]> {
  const bytes = Buffer.alloc(megabytes * 2 ** 20, "petri ");
  writeFileSync(file, bytes);
  await listen(vm, 5001, `sh -c 'head -c ${bytes.length} >/tmp/bare; echo done'`);
  const bare = async () => {
    const stream = await vm.vsock.connect(5001);
    const done = line(stream);
    stream.write(bytes);
    await done;
    stream.destroy();
  };
  return await compare(
    `${megabytes} MB into a file of the guest`,
    "MB/s",
    [
      { name: "bare vsock stream to a file", run: () => perSecond(megabytes, bare) },
      { name: "guest.upload, vsock", run: () => perSecond(megabytes, () => vm.guest.upload(file, "/tmp/whole")) },
    ],
    rounds,
  );
}

async function serialRates(vm: VirtualMachine): Promise<Figure[]> {
  const image = await resolveImage("debian-cloud", "kernel");
  const peer = await peerShell(image, command);
  const oneByOne = async () => {
    for (let n = 0; n < commands; n++) await must(vm, program);
  };
  const sideBySide = async () => {
    await Promise.all(Array.from({ length: commands }, () => must(vm, program)));
  };
  try {
    return await compare(
      `serial shell, ${command}`,
      "commands/s",
      [
        { name: "pexpect, as it comes", run: async () => await peer.rate(commands, 0.05) },
        { name: "pexpect, without its pause before each send", run: async () => await peer.rate(commands, 0) },
        { name: "guest.exec, one by one", run: () => perSecond(commands, oneByOne) },
        { name: "guest.exec, 20 side by side", run: () => perSecond(commands, sideBySide) },
      ],
      rounds,
    );
  } finally {
    peer.end();
  }
}

async function must(vm: VirtualMachine, words: readonly string[]): Promise<void> {
  const result = await vm.guest.exec(words);
  if (!result.ok) throw new Error(`${words.join(" ")} failed in the guest: ${result.stderr}`);
}

async function listen(vm: VirtualMachine, port: number, served: string): Promise<void> {
  vm.console().sendLine(`petri-agent vsock-listen ${port} -- ${served} &`);
  await vm.console().expect(`listening on vsock port ${port}`);
}

/** Resolves with the next line end. */
function line(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = (bytes: Buffer) => {
      if (!bytes.includes(0x0a)) return;
      stream.off("data", take).off("error", reject);
      resolve();
    };
    stream.on("data", take).on("error", reject);
  });
}

async function medianOf(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < commands; n++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return median(times);
}

async function perSecond(amount: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return amount / ((performance.now() - started) / 1000);
}
