import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import type { VirtualMachine } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });
const vsock = { on, machine: { vsock: true } } as const;

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Starts a program in the guest for every connection to a port. */
async function serve(vm: VirtualMachine, port: number, command: string): Promise<void> {
  await vm.guest.ready();
  vm.console().sendLine(`petri-agent vsock-listen ${port} -- ${command} &`);
  await expect(vm.console()).toPrint(`petri-agent: listening on vsock port ${port}`, { tolerateKernelMessages: true });
}

/** What comes back of bytes that are sent while it is read. */
async function roundTrip(stream: Duplex, bytes: Buffer): Promise<Buffer> {
  const back = buffer(stream);
  stream.end(bytes);
  return await back;
}

vmTest("10 MB come back as they were sent, and so they do after a half close", vsock, async ({ vm }) => {
  await serve(vm, 5000, "cat");
  await serve(vm, 5001, "sha256sum");
  const bytes = randomBytes(10_000_000);
  expect(sha256(await roundTrip(await vm.vsock.connect(5000), bytes))).toBe(sha256(bytes));
  // Its answer comes when it has seen our end, on a stream whose other direction is still open.
  const summed = await vm.vsock.connect(5001);
  summed.end(bytes);
  expect(await text(summed)).toBe(`${sha256(bytes)}  -\n`);
});

vmTest("20 streams at once do not mix", vsock, async ({ vm }) => {
  await serve(vm, 5000, "cat");
  const each = Array.from({ length: 20 }, async (_, index) => {
    const bytes = randomBytes(300_000 + index);
    const stream = await vm.vsock.connect(5000);
    expect((await roundTrip(stream, bytes)).equals(bytes)).toBe(true);
  });
  await Promise.all(each);
});

vmTest("a port nobody listens on is refused, both ways", vsock, async ({ vm, guest }) => {
  await guest.ready();
  const refused = vm.vsock.connect(4999);
  await expect(refused).rejects.toThrow(
    "vsock port 4999: the connection was refused: nobody in the guest listens on port 4999",
  );
  await expect(refused).rejects.toMatchObject({ code: "ECONNREFUSED" });
  vm.console().sendLine("petri-agent vsock-connect 2 4998 -- cat; echo status=$?");
  await expect(vm.console()).toPrint("petri-agent: cannot connect: reset, as a refused connection is");
  await expect(vm.console()).toPrint("status=1");
});

vmTest("the guest connects to its host", vsock, async ({ vm, guest }) => {
  await guest.ready();
  const listener = await vm.vsock.listen(6000);
  await expect(vm.vsock.listen(6000)).rejects.toThrow("vsock port 6000 is listened on already");
  const bytes = randomBytes(1_000_000);
  vm.console().sendLine(`petri-agent vsock-connect 2 6000 -- sh -c 'echo hello; sha256sum'`);
  const stream = await listener.accept();
  stream.end(bytes);
  expect(await text(stream)).toBe(`hello\n${sha256(bytes)}  -\n`);
  await listener.close();
  vm.console().sendLine("petri-agent vsock-connect 2 6000 -- cat; echo status=$?");
  await expect(vm.console()).toPrint("status=1");
});

vmTest("a paused guest keeps its streams", vsock, async ({ vm }) => {
  await serve(vm, 5000, "cat");
  const bytes = randomBytes(4_000_000);
  const stream = await vm.vsock.connect(5000);
  const back = roundTrip(stream, bytes);
  await once(stream, "readable");
  for (let round = 0; round < 3; round++) {
    await vm.pause();
    await vm.resume();
  }
  expect((await back).equals(bytes)).toBe(true);
});

vmTest(
  "a reboot in the middle of a transfer ends it with an error; the next boot connects",
  vsock,
  async ({ vm, guest }) => {
    await serve(vm, 5000, "cat /dev/zero");
    const stream = await vm.vsock.connect(5000);
    await once(stream, "readable");
    const ended = expect(buffer(stream)).rejects.toMatchObject({
      code: "ECONNRESET",
      message: "vsock port 5000: the connection was reset: the guest was reset",
    });
    const listener = await vm.vsock.listen(6000);
    await guest.reset();
    await expect(vm).toReset();
    await ended;
    // From the first instruction of the next boot on: it waits for the guest's driver.
    await expect(vm.vsock.connect(5000)).rejects.toThrow("nobody in the guest listens on port 5000");
    await serve(vm, 5000, "cat");
    const bytes = randomBytes(100_000);
    expect((await roundTrip(await vm.vsock.connect(5000), bytes)).equals(bytes)).toBe(true);
    vm.console().sendLine("petri-agent vsock-connect 2 6000 -- echo hello");
    expect(await text(await listener.accept())).toBe("hello\n");
  },
);

vmTest("a driver that is loaded anew starts the device anew", vsock, async ({ vm }) => {
  await serve(vm, 5000, "cat");
  const stream = await vm.vsock.connect(5000);
  const closed = expect(buffer(stream)).rejects.toMatchObject({ code: "ECONNRESET" });
  const driver = "/sys/bus/virtio/drivers/vmw_vsock_virtio_transport";
  const device = "$(basename $(ls -d /sys/bus/virtio/drivers/vmw_vsock_virtio_transport/virtio*))";
  vm.console().sendLine(`d=${device}; echo $d >${driver}/unbind; echo $d >${driver}/bind; echo bound=$?`);
  await expect(vm.console()).toPrint("bound=0");
  await closed;
  const bytes = randomBytes(100_000);
  expect((await roundTrip(await vm.vsock.connect(5000), bytes)).equals(bytes)).toBe(true);
});

vmTest("a guest without the driver is told from one that refuses", vsock, async ({ boot }) => {
  const vm = await boot({ machine: { boot: { kind: "kernel", cmdline: "console=ttyS0 panic=-1 petri.nodrivers" } } });
  await vm.guest.ready();
  await expect(vm.vsock.connect(5000, { timeout: "1s" })).rejects.toThrow(
    "vsock port 5000: the connection was not answered: the guest's vsock driver did not start within 1 s",
  );
});

vmTest("a guest that powers off ends its streams and refuses new ones", vsock, async ({ vm, guest }) => {
  await serve(vm, 5000, "cat");
  const open = expect(buffer(await vm.vsock.connect(5000))).rejects.toMatchObject({ code: "ECONNRESET" });
  const listener = await vm.vsock.listen(6000);
  const accepted = expect(listener.accept()).rejects.toThrow(/the guest powered off/);
  await guest.shutdown();
  await expect(vm).toPowerOff();
  await open;
  await accepted;
  await expect(vm.vsock.connect(5000)).rejects.toThrow(/the guest powered off/);
});
