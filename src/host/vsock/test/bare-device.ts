import { readSync, writeSync } from "node:fs";
import koffi from "koffi";
import { VsockDevice } from "../device.ts";
import { addDevice, workDevice } from "../device-loop.ts";
import { GuestMemory } from "../guest-memory.ts";
import { libc, makeEventFd, must, socketPair } from "../libc.ts";
import { PollSet } from "../poll-set.ts";
import type { Ring } from "../ring.ts";
import type { FromDevice } from "../thread-messages.ts";
import { type DriverRing, GuestDriver, GuestRam, guestBase, vmmBase } from "./guest-driver.ts";

const dup = koffi.load("libc.so.6").func("int dup(int fd)");

/** The device with a driver, in one thread and without a VMM: every step is the test's. */
export class BareDevice {
  readonly messages: FromDevice[] = [];
  readonly device: VsockDevice;
  readonly ram: GuestRam;
  readonly driver: GuestDriver;
  private readonly memory: GuestMemory;
  private readonly polled = new PollSet();
  private readonly fds: number[] = [];

  /** RAM is in two regions that meet at `seam`, an offset. */
  constructor({ size = 16, seam = 100 * 4096 }: { size?: number; seam?: number } = {}) {
    this.device = new VsockDevice(3, (message) => this.messages.push(message));
    this.ram = new GuestRam(512 * 4096);
    const piece = (from: number, until: number) => ({
      guestAddress: guestBase + from,
      size: until - from,
      vmmAddress: vmmBase + from,
      fileOffset: from,
      fd: must("dup(2)", dup(this.ram.fd) as number),
    });
    this.memory = new GuestMemory([piece(0, seam), piece(seam, this.ram.size)]);
    this.driver = new GuestDriver(this.ram, 3, size);
    this.attach(this.device.toGuest, this.driver.toGuest);
    this.attach(this.device.fromGuest, this.driver.fromGuest);
  }

  attach(ring: Ring, driver: DriverRing): void {
    ring.size = driver.size;
    ring.next = 0;
    ring.isEnabled = true;
    if (ring.kickFd < 0) ring.kickFd = makeEventFd();
    ring.addresses = {
      descriptors: vmmBase + driver.descriptors,
      available: vmmBase + driver.available,
      used: vmmBase + driver.used,
    };
    this.reattach(ring);
  }

  reattach(ring: Ring): void {
    ring.attach(this.memory);
  }

  /** One turn of the device's loop, and as many more as it asks for. */
  turn(): void {
    do {
      this.polled.clear();
      addDevice(this.polled, this.device);
      this.polled.wait(0);
    } while (workDevice(this.device));
  }

  /** Our end of a stream that the device connects. */
  connect(id: number, port: number): number {
    const [near, far] = socketPair();
    this.fds.push(near);
    this.device.connect(id, port, far);
    return near;
  }

  messagesOf<K extends FromDevice["is"]>(is: K): Extract<FromDevice, { is: K }>[] {
    return this.messages.filter((message) => message.is === is) as Extract<FromDevice, { is: K }>[];
  }

  close(): void {
    this.device.closeAll();
    for (const ring of [this.device.toGuest, this.device.fromGuest]) {
      ring.attach(undefined);
      libc().close(ring.kickFd);
    }
    this.memory.unmap();
    libc().munmap(this.ram.at, this.ram.size);
    libc().close(this.ram.fd);
    for (const { fd } of this.messagesOf("accepted")) if (!this.fds.includes(fd)) libc().close(fd);
    for (const fd of this.fds) libc().close(fd);
  }
}

/** What a socket has: bytes, `"end"`, or undefined for nothing yet. */
export function readNow(fd: number, most = 65_536): Buffer | "end" | undefined {
  const bytes = Buffer.alloc(most);
  try {
    const got = readSync(fd, bytes);
    return got === 0 ? "end" : bytes.subarray(0, got);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}

/** Bytes that the socket took. */
export function writeNow(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}
