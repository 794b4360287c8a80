import koffi from "koffi";
import { HostError } from "../../machine/errors.ts";

// Calls that Node has no words for. Every number below is Linux's for x86-64 and arm64 (LP64, little-endian).

export const AF_UNIX = 1;
export const AF_VSOCK = 40;
export const SOCK_STREAM = 1;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_DONTWAIT = 0x40;
const MSG_CTRUNC = 0x8;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLHUP = 0x10;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SO_ERROR = 4;
const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

export const EINTR = 4;
export const EAGAIN = 11;
export const EINPROGRESS = 115;

type Bytes = Uint8Array | null;
/** What koffi takes for a parameter. */
type TypeSpec = string | ReturnType<typeof koffi.pointer> | ReturnType<typeof koffi.inout>;
/** An address in this process: below 2^47, so a number holds it. */
export type Address = number;

function load() {
  const libc = koffi.load("libc.so.6");
  const iovec = koffi.struct({ base: "void *", length: "size_t" });
  const msghdr = koffi.struct({
    ...{ name: "void *", nameLength: "uint32_t", iov: koffi.pointer(iovec), iovLength: "size_t" },
    ...{ control: "void *", controlLength: "size_t", flags: "int" },
  });
  const call = <F>(name: string, result: string, parameters: TypeSpec[]) =>
    libc.func(name, result, parameters) as unknown as F; // what the C prototype says
  return {
    socket: call<(domain: number, type: number, protocol: number) => number>("socket", "int", ["int", "int", "int"]),
    socketpair: call<(domain: number, type: number, protocol: number, fds: number[]) => number>("socketpair", "int", [
      ...["int", "int", "int", "_Out_ int *"],
    ]),
    bind: call<(fd: number, address: Uint8Array, length: number) => number>("bind", "int", [
      "int",
      "void *",
      "uint32_t",
    ]),
    listen: call<(fd: number, backlog: number) => number>("listen", "int", ["int", "int"]),
    accept4: call<(fd: number, address: Bytes, length: Bytes, flags: number) => number>("accept4", "int", [
      ...["int", "void *", "void *", "int"],
    ]),
    connect: call<(fd: number, address: Uint8Array, length: number) => number>("connect", "int", [
      ...["int", "void *", "uint32_t"],
    ]),
    shutdown: call<(fd: number, how: number) => number>("shutdown", "int", ["int", "int"]),
    close: call<(fd: number) => number>("close", "int", ["int"]),
    dup3: call<(from: number, to: number, flags: number) => number>("dup3", "int", ["int", "int", "int"]),
    poll: call<(fds: Uint8Array, count: number, timeoutMs: number) => number>("poll", "int", [
      ...["void *", "unsigned long", "int"],
    ]),
    eventfd: call<(initial: number, flags: number) => number>("eventfd", "int", ["unsigned int", "int"]),
    read: call<(fd: number, into: Uint8Array, length: number) => number>("read", "long", ["int", "void *", "size_t"]),
    write: call<(fd: number, from: Uint8Array, length: number) => number>("write", "long", ["int", "void *", "size_t"]),
    recvAt: call<(fd: number, into: Address, length: number, flags: number) => number>("recv", "long", [
      ...["int", "uintptr_t", "size_t", "int"],
    ]),
    sendAt: call<(fd: number, from: Address, length: number, flags: number) => number>("send", "long", [
      ...["int", "uintptr_t", "size_t", "int"],
    ]),
    send: call<(fd: number, from: Uint8Array, length: number, flags: number) => number>("send", "long", [
      ...["int", "void *", "size_t", "int"],
    ]),
    recvmsg: call<(fd: number, message: Record<string, unknown>, flags: number) => number>("recvmsg", "long", [
      ...["int", koffi.inout(koffi.pointer(msghdr)), "int"],
    ]),
    getsockopt: call<(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array) => number>(
      "getsockopt",
      "int",
      ["int", "int", "int", "void *", "void *"],
    ),
    lseek: call<(fd: number, offset: number, whence: number) => number>("lseek", "long", ["int", "long", "int"]),
    mmap: call<(at: null, length: number, prot: number, flags: number, fd: number, offset: number) => bigint>(
      "mmap",
      "void *",
      ["void *", "size_t", "int", "int", "int", "long"],
    ),
    munmap: call<(at: Address, length: number) => number>("munmap", "int", ["uintptr_t", "size_t"]),
    copyOut: call<(into: Uint8Array, from: Address, length: number) => void>("memcpy", "void *", [
      ...["void *", "uintptr_t", "size_t"],
    ]),
    copyIn: call<(into: Address, from: Uint8Array, length: number) => void>("memcpy", "void *", [
      ...["uintptr_t", "void *", "size_t"],
    ]),
  };
}

let loaded: ReturnType<typeof load> | undefined;

/** Loaded at its first use: nothing here may keep Petri from starting where there is no Linux. */
export function libc(): ReturnType<typeof load> {
  loaded ??= load();
  return loaded;
}

export const errno = (): number => koffi.errno();

/** The result, or a HostError that names the call and its errno. */
export function must(what: string, result: number): number {
  if (result >= 0) return result;
  throw new HostError(`${what} failed with errno ${errno()}`);
}

/** Two connected Unix stream sockets that do not block. */
export function socketPair(): readonly [number, number] {
  const fds = [-1, -1];
  must("socketpair(2)", libc().socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  return [fds[0] ?? -1, fds[1] ?? -1];
}

/** Sends without waiting and without a signal where nobody reads: bytes taken, or -1 with errno. */
export function sendAt(fd: number, from: Address, length: number): number {
  return libc().sendAt(fd, from, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

export function sendBytes(fd: number, bytes: Uint8Array): number {
  return libc().send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

export function makeEventFd(): number {
  return must("eventfd(2)", libc().eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

const one = new Uint8Array(new BigUint64Array([1n]).buffer);
const counter = new Uint8Array(8);

/** Wakes whoever polls the eventfd. */
export function signalEvent(fd: number): void {
  libc().write(fd, one, 8);
}

/** Takes what woke us, so that the next poll waits again. */
export function clearEvent(fd: number): void {
  libc().read(fd, counter, 8);
}

/** The socket's pending error, as after a connect(2) that went on in the background. */
export function socketError(fd: number): number {
  const value = Buffer.alloc(4);
  const length = Buffer.from([4, 0, 0, 0]);
  must("getsockopt(2)", libc().getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length));
  return value.readInt32LE(0);
}

/** Bytes of a file that was opened elsewhere. */
export function sizeOf(fd: number): number {
  const SEEK_END = 2;
  return Number(libc().lseek(fd, 0, SEEK_END));
}

export function mapShared(fd: number, length: number): Address {
  const address = libc().mmap(null, length, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  // MAP_FAILED is -1; koffi gives pointers as unsigned numbers.
  if (BigInt.asIntN(64, address) === -1n) throw new HostError(`mmap(2) failed with errno ${errno()}`);
  return Number(address);
}

/** The memory itself, not a copy: exactly these bytes. Never touched after munmap(2). */
export function viewOf(address: Address, length: number): ArrayBuffer {
  return koffi.view(BigInt(address), length);
}

/** sockaddr_un (unix(7)). */
export function unixAddress(path: string): Uint8Array {
  const bytes = Buffer.alloc(110);
  bytes.writeUInt16LE(AF_UNIX, 0);
  if (bytes.write(path, 2) > 107) throw new HostError(`the socket's path ${path} is longer than 107 bytes (unix(7))`);
  return bytes;
}

export function unixLength(path: string): number {
  return 2 + Buffer.byteLength(path) + 1;
}

/** Bytes with the descriptors that came beside them; `length` 0 is the end, -1 an error (errno). */
export function receiveWithFds(fd: number, into: Uint8Array): { length: number; fds: number[] } {
  const control = Buffer.alloc(16 + 4 * 64);
  const message = {
    ...{ name: null, nameLength: 0, iov: [{ base: into, length: into.length }], iovLength: 1 },
    ...{ control, controlLength: control.length, flags: 0 },
  };
  const length = libc().recvmsg(fd, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const fds = length < 0 ? [] : rights(control.subarray(0, Number(message.controlLength)));
  if (length >= 0 && (message.flags & MSG_CTRUNC) !== 0) {
    for (const each of fds) libc().close(each);
    throw new HostError("more descriptors came with one message than fit");
  }
  return { length, fds };
}

/** cmsg(3): a header of 16 bytes (length, level, type), then the data, padded to 8. */
function rights(control: Buffer): number[] {
  const fds: number[] = [];
  for (let at = 0; at + 16 <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < 16) break;
    if (control.readInt32LE(at + 8) === SOL_SOCKET && control.readInt32LE(at + 12) === SCM_RIGHTS) {
      for (let each = at + 16; each + 4 <= at + length; each += 4) fds.push(control.readInt32LE(each));
    }
    at += (length + 7) & ~7;
  }
  return fds;
}
