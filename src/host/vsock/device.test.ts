import { closeSync, writeSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { bufferBytes } from "./credit.ts";
import { type Header, op, willDoNeither, willNotSend } from "./packet.ts";
import { BareDevice, readNow } from "./test/bare-device.ts";
import { guestBase, vmmBase } from "./test/guest-driver.ts";

function bareDevice(): BareDevice {
  const bare = new BareDevice();
  onTestFinished(() => bare.close());
  return bare;
}

/** Gives room, runs the device, and tells what the guest got. */
function turn(bare: BareDevice) {
  while (bare.driver.giveRoom());
  bare.turn();
  return bare.driver.receive();
}

/** A stream that the guest has connected to port 5000: our end, and its packets' common part. */
function connectedByGuest(bare: BareDevice, more: Partial<Header> = {}) {
  bare.device.listen(5000);
  bare.driver.send(bare.driver.header(op.request, more));
  expect(turn(bare).map(({ header }) => header.op)).toEqual([op.response]);
  return bare.messagesOf("accepted").at(-1)?.fd ?? -1;
}

test("a connection from the host: request, response, bytes, end, and the guest's confirmation", () => {
  const bare = bareDevice();
  const { driver } = bare;
  const fd = bare.connect(7, 1000);
  const [request] = turn(bare);
  expect(request?.header).toMatchObject({ op: op.request, srcCid: 2, dstCid: 3, dstPort: 1000, bufAlloc: bufferBytes });
  const dstPort = request?.header.srcPort ?? 0;
  driver.send(driver.header(op.response, { dstPort }));
  turn(bare);
  expect(bare.messages).toEqual([{ is: "connected", id: 7 }]);
  writeSync(fd, "hello");
  expect(turn(bare).map(({ header, payload }) => [header.op, payload.toString()])).toEqual([[op.rw, "hello"]]);
  closeSync(fd);
  const ends = [...turn(bare), ...turn(bare)].map(({ header }) => [header.op, header.flags]);
  expect(ends).toEqual([
    [op.shutdown, willNotSend],
    [op.shutdown, willDoNeither],
  ]);
  driver.send(driver.header(op.rst, { dstPort }));
  turn(bare);
  expect(bare.device.streams.size).toBe(0);
});

test("a guest that never confirms an end is reset after 8 seconds, as Linux does", () => {
  const bare = bareDevice();
  closeSync(connectedByGuest(bare));
  turn(bare);
  turn(bare);
  expect([...bare.device.streams.values()].map(({ state }) => state)).toEqual(["closing"]);
  expect(bare.device.expire(performance.now())).toBeGreaterThan(7_000);
  expect(bare.device.expire(performance.now() + 8_001)).toBe(Number.POSITIVE_INFINITY);
  expect(turn(bare).map(({ header }) => header.op)).toEqual([op.rst]);
  expect(bare.device.streams.size).toBe(0);
});

test("what the guest sent before it closed is read to its end, however late", () => {
  const bare = bareDevice();
  const { driver } = bare;
  const fd = connectedByGuest(bare);
  let sent = 0;
  // More than the socket holds: the rest waits for its reader.
  for (; sent + 4096 <= bufferBytes; sent += 4096) {
    while (!driver.send(driver.header(op.rw), Buffer.alloc(4096, 7))) turn(bare);
  }
  turn(bare);
  driver.send(driver.header(op.shutdown, { flags: willDoNeither }));
  // Linux sends this by itself when nobody confirms.
  driver.send(driver.header(op.rst));
  turn(bare);
  let read = 0;
  for (let piece = readNow(fd); piece !== "end"; piece = readNow(fd)) {
    read += piece?.length ?? 0;
    turn(bare);
  }
  expect(read).toBe(sent);
  expect(bare.messagesOf("reset")).toEqual([]);
});

test("a guest that sends more than it may is reset, and nothing of it is kept", () => {
  const bare = bareDevice();
  const { driver } = bare;
  connectedByGuest(bare);
  let sent = 0;
  // The socket takes some by itself; the guest must have been told of that before it counts.
  for (; bare.messagesOf("reset").length === 0 && sent < 4 * bufferBytes; sent += 8000) {
    driver.send(driver.header(op.rw), Buffer.alloc(8000));
    bare.turn();
  }
  expect(bare.messagesOf("reset")).toMatchObject([{ why: "the guest sent more than there was room for" }]);
  expect(sent).toBeLessThan(3 * bufferBytes);
  expect(bare.device.streams.size).toBe(0);
});

test("a guest that acknowledges what was never sent is reset", () => {
  const bare = bareDevice();
  connectedByGuest(bare);
  bare.driver.send(bare.driver.header(op.creditUpdate, { fwdCnt: 1 }));
  expect(turn(bare).map(({ header }) => header.op)).toEqual([op.rst]);
  expect(bare.messagesOf("reset")).toMatchObject([{ why: "the guest says it has read what was never sent" }]);
});

test("an older count that overtook a newer one is no lie", () => {
  const bare = bareDevice();
  const fd = connectedByGuest(bare);
  writeSync(fd, "hello");
  turn(bare);
  for (const fwdCnt of [5, 3, 5]) bare.driver.send(bare.driver.header(op.creditUpdate, { fwdCnt }));
  turn(bare);
  expect(bare.messagesOf("reset")).toEqual([]);
});

test("without room nothing is sent but a request for some, once", () => {
  const bare = bareDevice();
  const fd = connectedByGuest(bare, { bufAlloc: 4 });
  writeSync(fd, "hello, world");
  const got = [...turn(bare), ...turn(bare), ...turn(bare)];
  expect(got.map(({ header, payload }) => [header.op, payload.toString()])).toEqual([
    [op.rw, "hell"],
    [op.creditRequest, ""],
  ]);
  bare.driver.send(bare.driver.header(op.creditUpdate, { bufAlloc: 100, fwdCnt: 4 }));
  expect([...turn(bare), ...turn(bare)].map(({ payload }) => payload.toString())).toEqual(["o, world"]);
});

test("ports that nobody listens on, other types and packets for no stream are answered by a reset", () => {
  const bare = bareDevice();
  const { driver } = bare;
  driver.send(driver.header(op.request, { dstPort: 6000 }));
  driver.send(driver.header(op.rw), Buffer.from("stray"));
  driver.send(driver.header(op.request, { type: 2 }));
  driver.send(driver.header(op.rst));
  driver.send(driver.header(op.request, { dstCid: 9 }));
  const got = turn(bare).map(({ header }) => [header.op, header.srcPort, header.type]);
  expect(got).toEqual([
    [op.rst, 6000, 1],
    [op.rst, 5000, 1],
    [op.rst, 5000, 2],
  ]);
});

test("a guest that takes no answers is not listened to either, and goes on when it does", () => {
  const bare = bareDevice();
  const { driver } = bare;
  let sent = 0;
  for (let round = 0; round < 300; round++) {
    while (driver.send(driver.header(op.request, { srcPort: 10_000 + sent, dstPort: 6000 }))) sent++;
    bare.turn();
  }
  expect(sent).toBeLessThan(600);
  const refused: number[] = [];
  for (let round = 0; round < 100; round++) refused.push(...turn(bare).map(({ header }) => header.dstPort));
  expect(refused).toEqual(Array.from({ length: sent }, (_, index) => 10_000 + index));
});

test("a guest opens at most 1,024 streams by itself", () => {
  const bare = bareDevice();
  bare.device.listen(5000);
  const ops: number[] = [];
  for (let port = 0; port < 1100; port++) {
    bare.driver.send(bare.driver.header(op.request, { srcPort: port }));
    ops.push(...turn(bare).map(({ header }) => header.op));
  }
  expect(ops.filter((each) => each === op.response)).toHaveLength(1024);
  expect(ops.filter((each) => each === op.rst)).toHaveLength(76);
});

const table = 16 * 20;
test.each<[string, string, (bare: BareDevice) => void]>([
  [
    "an index far ahead",
    "17 entries in a transmit ring of 16",
    ({ driver, ram }) => ram.view.setUint16(driver.fromGuest.available + 2, 18, true),
  ],
  [
    "an index that went back",
    "65535 entries in a receive ring of 16",
    ({ driver, ram }) => ram.view.setUint16(driver.toGuest.available + 2, 0, true),
  ],
  ["a head beyond the ring", "descriptor 16 in a transmit ring of 16", ({ driver }) => driver.fromGuest.offer(16)],
  [
    "descriptors in a loop",
    "descriptors of the transmit ring form a loop",
    ({ driver }) => {
      driver.fromGuest.write(0, { at: 0, length: 44 }, 1, 1);
      driver.fromGuest.write(1, { at: 0, length: 44 }, 1, 0);
      driver.fromGuest.offer(0);
    },
  ],
  [
    "a next beyond the ring",
    "descriptor 99 in a table of 16 of the transmit ring",
    ({ driver }) => {
      driver.fromGuest.write(0, { at: 0, length: 44 }, 1, 99);
      driver.fromGuest.offer(0);
    },
  ],
  [
    "an address below RAM",
    "an address outside of guest memory: 0x1000 of 44 bytes",
    ({ driver }) => void driver.fromGuest.add([{ at: 0x1000, length: 44, raw: true }]),
  ],
  [
    "a length beyond RAM",
    "an address outside of guest memory: 0x100200000 of 4294967295 bytes",
    ({ driver }) => void driver.fromGuest.add([{ at: 0, length: 2 ** 32 - 1 }]),
  ],
  [
    "an address of 64 bits",
    "an address outside of guest memory: 0xffffffff…",
    ({ driver, ram }) => {
      const head = driver.fromGuest.add([{ at: 0, length: 44 }]);
      ram.view.setBigUint64(driver.fromGuest.descriptors + 16 * head, 2n ** 64n - 1n, true);
    },
  ],
  [
    "an indirect table of odd length",
    "an indirect table of 17 bytes in the transmit ring",
    ({ driver }) => {
      driver.fromGuest.write(0, { at: table, length: 17 }, 4, 0);
      driver.fromGuest.offer(0);
    },
  ],
  [
    "an indirect table that is too long",
    "an indirect table of 1048576 bytes in the transmit ring",
    ({ driver }) => {
      driver.fromGuest.write(0, { at: 0, length: 2 ** 20 }, 4, 0);
      driver.fromGuest.offer(0);
    },
  ],
  [
    "an indirect table outside of RAM",
    "an address outside of guest memory: 0x1000 of 16 bytes",
    ({ driver }) => {
      driver.fromGuest.write(0, { at: 0x1000, length: 16, raw: true }, 4, 0);
      driver.fromGuest.offer(0);
    },
  ],
  [
    "an indirect table within another",
    "an indirect table within a chain of the transmit ring",
    ({ driver }) => {
      driver.fromGuest.write(0, { at: 0, length: 44 }, 1, 1);
      driver.fromGuest.write(1, { at: 0, length: 16 }, 4, 0);
      driver.fromGuest.offer(0);
    },
  ],
  [
    "readable after writable",
    "a readable descriptor after a writable one in the transmit ring",
    ({ driver }) =>
      void driver.fromGuest.add([
        { at: 0, length: 44, writable: true },
        { at: 0, length: 44 },
      ]),
  ],
  [
    "a packet shorter than its header",
    "a packet of 43 bytes",
    ({ driver }) => void driver.fromGuest.add([{ at: 0, length: 43 }]),
  ],
  [
    "a packet that says more than it has",
    "a packet that says 9 bytes and has 0",
    ({ driver }) => void driver.send(driver.header(op.rw, { length: 9 })),
  ],
  [
    "no room behind a header",
    "room of 44 bytes for a packet",
    ({ driver, ram }) => {
      for (let at = driver.toGuest.descriptors; at < driver.toGuest.available; at += 16) {
        // The last of each chain: the one behind the header's.
        if ((ram.view.getUint16(at + 12, true) & 1) === 0) ram.view.setUint32(at + 8, 0, true);
      }
      driver.send(driver.header(op.request, { dstPort: 6000 }));
    },
  ],
])("%s breaks the device off, and says so", (_name, why, spoil) => {
  const bare = bareDevice();
  const fd = connectedByGuest(bare);
  spoil(bare);
  bare.turn();
  const text = `the guest's vsock driver broke the protocol: ${why}`;
  expect(bare.messagesOf("bad-guest")).toEqual([{ is: "bad-guest", why: text }]);
  expect(bare.messagesOf("reset")).toMatchObject([{ why: text }]);
  expect(readNow(fd)).toBeUndefined();
  bare.connect(8, 1000);
  expect(bare.messagesOf("refused")).toEqual([{ is: "refused", id: 8, code: "ECONNRESET", why: text }]);
  // A driver that starts the device anew is a good one until it shows otherwise.
  bare.driver.toGuest.reset();
  bare.driver.fromGuest.reset();
  bare.attach(bare.device.toGuest, bare.driver.toGuest);
  bare.attach(bare.device.fromGuest, bare.driver.fromGuest);
  bare.device.started(false);
  bare.connect(9, 1000);
  bare.driver.toGuest.add([{ at: 300 * 4096, length: 4096, writable: true }]);
  bare.turn();
  expect(bare.driver.toGuest.takeUsed()).toHaveLength(1);
});

test("a ring that is not aligned, or not all in RAM, is refused", () => {
  const bare = bareDevice();
  const ring = bare.device.fromGuest;
  const good = { descriptors: vmmBase, available: vmmBase + 4096, used: vmmBase + 8192 };
  const attach = (addresses: Partial<typeof good>) => {
    ring.addresses = { ...good, ...addresses };
    bare.reattach(ring);
  };
  for (const bad of [{ descriptors: vmmBase + 8 }, { available: vmmBase + 4097 }, { used: vmmBase + 8194 }]) {
    expect(() => attach(bad)).toThrow("the transmit ring is not aligned");
  }
  for (const bad of [
    { descriptors: guestBase },
    { used: vmmBase + bare.ram.size - 64 },
    { available: vmmBase - 16 },
    { available: 0 },
  ]) {
    expect(() => attach(bad)).toThrow("a ring outside of guest memory");
  }
  attach({});
});

test("a reset ends streams with its reason, and keeps a request that no driver has seen", () => {
  const bare = bareDevice();
  connectedByGuest(bare);
  const asked = bare.connect(5, 1000);
  turn(bare);
  bare.connect(6, 1001);
  bare.device.reset("the guest was reset");
  expect(bare.messagesOf("reset")).toMatchObject([{ why: "the guest was reset" }]);
  expect(bare.messagesOf("refused")).toEqual([
    { is: "refused", id: 5, code: "ECONNRESET", why: "the guest was reset" },
  ]);
  expect(readNow(asked)).toBe("end");
  const again = turn(bare).map(({ header }) => [header.op, header.dstPort]);
  expect(again).toEqual([[op.request, 1001]]);
});
