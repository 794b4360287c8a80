// A packet of the virtio socket device (virtio 1.2, §5.10.6): a header of 44 bytes, then its payload.

export const headerBytes = 44;

export const op = {
  request: 1,
  response: 2,
  rst: 3,
  shutdown: 4,
  rw: 5,
  creditUpdate: 6,
  creditRequest: 7,
} as const;
export type Op = (typeof op)[keyof typeof op];

/** VIRTIO_VSOCK_TYPE_STREAM; datagrams and packets in sequence are other types. */
export const streamType = 1;

/** Flags of a SHUTDOWN: what its sender will not do any more. */
export const willNotReceive = 1;
export const willNotSend = 2;
export const willDoNeither = 3;

/** The host's address for every guest. */
export const hostCid = 2;

export interface Header {
  /** 64 bits on the wire; the upper ones are reserved and zero, so a number above 2^32 is nobody's. */
  readonly srcCid: number;
  readonly dstCid: number;
  readonly srcPort: number;
  readonly dstPort: number;
  /** Bytes of payload. */
  readonly length: number;
  readonly type: number;
  readonly op: number;
  readonly flags: number;
  /** The sender's room for what it receives on this stream, in bytes. */
  readonly bufAlloc: number;
  /** Bytes of the stream that the sender has taken out of that room, modulo 2^32. */
  readonly fwdCnt: number;
}

export function readHeader(bytes: DataView): Header {
  return {
    srcCid: readCid(bytes, 0),
    dstCid: readCid(bytes, 8),
    srcPort: bytes.getUint32(16, true),
    dstPort: bytes.getUint32(20, true),
    length: bytes.getUint32(24, true),
    type: bytes.getUint16(28, true),
    op: bytes.getUint16(30, true),
    flags: bytes.getUint32(32, true),
    bufAlloc: bytes.getUint32(36, true),
    fwdCnt: bytes.getUint32(40, true),
  };
}

export function writeHeader(bytes: DataView, header: Header): void {
  bytes.setUint32(0, header.srcCid, true);
  bytes.setUint32(4, 0, true);
  bytes.setUint32(8, header.dstCid, true);
  bytes.setUint32(12, 0, true);
  bytes.setUint32(16, header.srcPort, true);
  bytes.setUint32(20, header.dstPort, true);
  bytes.setUint32(24, header.length, true);
  bytes.setUint16(28, header.type, true);
  bytes.setUint16(30, header.op, true);
  bytes.setUint32(32, header.flags, true);
  bytes.setUint32(36, header.bufAlloc, true);
  bytes.setUint32(40, header.fwdCnt, true);
}

function readCid(bytes: DataView, at: number): number {
  return bytes.getUint32(at, true) + bytes.getUint32(at + 4, true) * 2 ** 32;
}
