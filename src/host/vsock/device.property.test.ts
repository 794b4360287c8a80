import fc from "fast-check";
import { expect, test } from "vitest";
import { bufferBytes } from "./credit.ts";
import { libc, SHUT_WR } from "./libc.ts";
import { headerBytes, op, willNotSend } from "./packet.ts";
import { BareDevice, readNow, writeNow } from "./test/bare-device.ts";

const cuts = fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 4 });

/** How one driver behaves: where it cuts packets and buffers, how much room it tells of, how it takes turns. */
const habits = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  packetsToHost: fc.nat(40),
  packetsToGuest: fc.nat(40),
  packet: fc.integer({ min: 1, max: 6_000 }),
  sendCuts: cuts,
  roomCuts: cuts,
  room: fc.integer({ min: headerBytes + 1, max: 6_000 }),
  bufAlloc: fc.integer({ min: 1, max: 40_000 }),
  isIndirect: fc.boolean(),
  ring: fc.constantFrom(8, 16, 64),
  seam: fc.integer({ min: 20, max: 300 }).map((page) => page * 4096),
  read: fc.integer({ min: 500, max: 20_000 }),
});

test("whatever way packets and buffers are cut, the same bytes arrive, and no more than there is room for", () => {
  fc.assert(
    fc.property(habits, (each) => transfer(each)),
    { numRuns: 100 },
  );
});

function transfer(each: typeof habits extends fc.Arbitrary<infer T> ? T : never): void {
  const bare = new BareDevice({ size: each.ring, seam: each.seam });
  const { driver, device } = bare;
  try {
    const up = pattern(each.packetsToHost * each.packet, each.seed);
    const down = pattern(each.packetsToGuest * Math.min(each.room - headerBytes, each.bufAlloc), each.seed + 1);
    device.listen(5000);
    driver.send(driver.header(op.request, { bufAlloc: each.bufAlloc }));
    const atHost: Buffer[] = [];
    const atGuest: Buffer[] = [];
    let [fd, hostRoom, hostTaken, sent, got, told, written] = [-1, 0, 0, 0, 0, 0, 0];
    let [hostEnded, guestEnded, hasShut, sawEnd] = [false, false, false, false];
    for (let turns = 0; !(sawEnd && hostEnded); turns++) {
      if (turns > 20_000) throw new Error(`no end: ${sent} sent, ${got} got, ${written} written`);
      while (driver.giveRoom(each.room, each.roomCuts, each.isIndirect));
      bare.turn();
      for (const { header, payload } of driver.receive()) {
        expect(header.op).not.toBe(op.rst);
        hostRoom = header.bufAlloc;
        hostTaken = header.fwdCnt;
        if (header.op === op.rw) atGuest.push(payload);
        got += payload.length;
        // What was not yet told of as taken is what the device must have counted.
        expect(got - told).toBeLessThanOrEqual(each.bufAlloc);
        if (header.op === op.shutdown && (header.flags & willNotSend) !== 0) guestEnded = true;
      }
      fd = bare.messagesOf("accepted")[0]?.fd ?? -1;
      if (fd < 0) continue;
      if (told < got && driver.send(driver.header(op.creditUpdate, { bufAlloc: each.bufAlloc, fwdCnt: got })))
        told = got;
      const credit = hostRoom - (sent - hostTaken);
      const size = Math.min(each.packet, credit, up.length - sent);
      const chunk = up.subarray(sent, sent + size);
      const rw = driver.header(op.rw, { bufAlloc: each.bufAlloc, fwdCnt: told });
      if (size > 0 && driver.send(rw, chunk, each.sendCuts, each.isIndirect)) sent += size;
      const shutdown = driver.header(op.shutdown, { flags: willNotSend, bufAlloc: each.bufAlloc, fwdCnt: told });
      if (sent === up.length && !hasShut) hasShut = driver.send(shutdown);
      if (written < down.length) written += writeNow(fd, down.subarray(written));
      if (written === down.length && !hostEnded) hostEnded = libc().shutdown(fd, SHUT_WR) === 0;
      const read = sawEnd ? undefined : readNow(fd, each.read);
      if (read === "end") sawEnd = true;
      else if (read) atHost.push(read);
    }
    for (let turns = 0; !guestEnded && turns < 20_000; turns++) {
      while (driver.giveRoom(each.room, each.roomCuts, each.isIndirect));
      bare.turn();
      for (const { header, payload } of driver.receive()) {
        if (header.op === op.rw) atGuest.push(payload);
        got += payload.length;
        expect(got - told).toBeLessThanOrEqual(each.bufAlloc);
        if (header.op === op.shutdown) guestEnded = true;
      }
      if (told < got && driver.send(driver.header(op.creditUpdate, { bufAlloc: each.bufAlloc, fwdCnt: got })))
        told = got;
    }
    expect(Buffer.concat(atHost).equals(up)).toBe(true);
    expect(Buffer.concat(atGuest).equals(down)).toBe(true);
    expect(bare.messagesOf("bad-guest")).toEqual([]);
  } finally {
    bare.close();
  }
}

/** Bytes that differ from their neighbours and from those of another seed. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

test("a guest may write anything into its rings: the device goes on or breaks off, and reads nothing beyond RAM", () => {
  const poke = fc.record({ at: fc.nat(40_000), value: fc.nat(0xffff) });
  const header = fc.record({
    op: fc.nat(9),
    flags: fc.nat(4),
    length: fc.oneof(fc.nat(5000), fc.nat(0xffffffff)),
    bufAlloc: fc.nat(0xffffffff),
    fwdCnt: fc.nat(0xffffffff),
    srcPort: fc.nat(3),
    dstPort: fc.constantFrom(5000, 6000),
    type: fc.constantFrom(1, 1, 1, 2, 0),
  });
  const step = fc.record({ pokes: fc.array(poke, { maxLength: 6 }), headers: fc.array(header, { maxLength: 5 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const bare = new BareDevice();
      try {
        bare.device.listen(5000);
        for (const { pokes, headers } of steps) {
          for (const each of headers) sendQuietly(bare, each);
          giveQuietly(bare);
          for (const { at, value } of pokes) bare.ram.view.setUint16(at & ~1, value, true);
          bare.turn();
          for (const { fd } of bare.messagesOf("accepted")) writeQuietly(fd);
        }
        expect(pendingBytes(bare)).toBeLessThanOrEqual(bare.device.streams.size * bufferBytes);
      } finally {
        bare.close();
      }
    }),
    { numRuns: 400 },
  );
});

// A driver whose own ring was poked at may not be able to go on.
function sendQuietly({ driver }: BareDevice, header: object): void {
  try {
    driver.send({ ...driver.header(op.rw), ...header });
  } catch {}
}

function giveQuietly({ driver }: BareDevice): void {
  try {
    driver.receive();
    while (driver.giveRoom());
  } catch {}
}

function writeQuietly(fd: number): void {
  try {
    writeNow(fd, Buffer.alloc(100));
    readNow(fd);
  } catch {}
}

function pendingBytes({ device }: BareDevice): number {
  return [...device.streams.values()].reduce((sum, stream) => sum + stream.pendingBytes, 0);
}
