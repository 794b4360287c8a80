import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { resolveImage } from "../src/image/resolve.ts";
import { boot } from "../src/vm/boot.ts";
import type { VirtualMachine } from "../src/vm/virtual-machine.ts";
import { compare, type Figure, median } from "./table.ts";

const rounds = 3;
const pings = 500;
const megabytes = 20;
const transfer = megabytes * 2 ** 20;

/**
 * Petri's own vsock device beside a virtio-serial port of the same guest, which QEMU joins to a plain socket. The same
 * programs run behind both; a port has no end, so its bytes are counted.
 */
export async function bench(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "petri-bench-"));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(dir, "port"), resolve));
  const port = once(server, "connection");
  const vm = await boot({
    machine: {
      vsock: true,
      vmmOptions: {
        qemu: [
          ...["-device", "virtio-serial-pci", "-chardev", `socket,id=bench,path=${join(dir, "port")}`],
          ...["-device", "virtserialport,chardev=bench,name=bench"],
        ],
      },
    },
    image: await resolveImage("debian-cloud", "kernel"),
    placement: { vmm: "qemu" },
    traceDir: join(dir, "trace"),
  });
  try {
    await vm.guest.ready();
    const [serial] = (await port) as [Socket];
    await say(vm, "P=$(echo /dev/vport*p1); echo port=$P", /^port=\/dev\/vport\d+p1/m);
    return [...(await roundTrips(vm, serial)), ...(await transfers(vm, serial))];
  } finally {
    await vm.quit();
    server.close();
    rmSync(dir, { recursive: true });
  }
}

// A port can be open once: for both directions, by `<>`.
async function roundTrips(vm: VirtualMachine, serial: Socket): Promise<Figure[]> {
  await listen(vm, 5000, "cat");
  const stream = await vm.vsock.connect(5000);
  await say(vm, 'cat 0<>$P >&0 & echo "cat""=$!"', /^cat=\d+/m);
  const figures = await compare(
    "64-byte round trip, p50",
    "µs",
    [
      { name: "virtio-serial | plain socket", run: () => pingPong(serial) },
      { name: "vsock, Petri's own device", run: () => pingPong(stream) },
    ],
    rounds,
  );
  stream.destroy();
  await say(vm, 'killall cat; echo "killed""=$?"', /^killed=/m);
  return figures;
}

async function transfers(vm: VirtualMachine, serial: Socket): Promise<Figure[]> {
  await listen(vm, 5001, `sh -c 'head -c ${transfer} >/dev/null; echo done'`);
  await listen(vm, 5002, `head -c ${transfer} /dev/zero`);
  const up = async () => {
    const stream = await vm.vsock.connect(5001);
    return await perSecond(() => push(stream));
  };
  const down = async () => {
    const stream = await vm.vsock.connect(5002);
    return await perSecond(() => receive(stream, transfer));
  };
  const serialUp = async () => {
    await say(vm, `(head -c ${transfer} >/dev/null; echo done >&0) 0<>$P & echo "go""=1"`, /^go=1/m);
    return await perSecond(() => push(serial));
  };
  const serialDown = () =>
    perSecond(async () => {
      vm.console().sendLine(`head -c ${transfer} /dev/zero >$P`);
      await receive(serial, transfer);
    });
  const of = (name: string, floor: () => Promise<number>, ours: () => Promise<number>) =>
    compare(
      name,
      "MB/s",
      [
        { name: "virtio-serial | plain socket", run: floor },
        { name: "vsock, Petri's own device", run: ours },
      ],
      rounds,
    );
  return [
    ...(await of(`${megabytes} MB to the guest`, serialUp, up)),
    ...(await of(`${megabytes} MB from the guest`, serialDown, down)),
  ];
}

async function say(vm: VirtualMachine, line: string, answer: RegExp | string): Promise<void> {
  vm.console().sendLine(line);
  await vm.console().expect(answer);
}

function listen(vm: VirtualMachine, port: number, command: string): Promise<void> {
  return say(vm, `petri-agent vsock-listen ${port} -- ${command} &`, `listening on vsock port ${port}`);
}

async function pingPong(stream: Duplex): Promise<number> {
  const times: number[] = [];
  const ping = Buffer.alloc(64, "p");
  for (let n = 0; n < pings; n++) {
    const started = performance.now();
    stream.write(ping);
    await receive(stream, ping.length);
    times.push((performance.now() - started) * 1_000);
  }
  return median(times);
}

/** Sends it all, and waits for the guest to say that it has it. */
async function push(stream: Duplex): Promise<void> {
  stream.write(Buffer.alloc(transfer));
  await receive(stream, "done\n".length);
}

function receive(stream: Duplex, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = bytes;
    const take = (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return;
      stream.off("data", take).off("error", reject);
      stream.pause();
      resolve();
    };
    stream.on("data", take).on("error", reject);
    stream.resume();
  });
}

async function perSecond(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return megabytes / ((performance.now() - started) / 1_000);
}
