import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

/** More than a Unix socket holds by default, of which Linux charges a part to its own bookkeeping (socket(7)). */
const bufferBytes = 256 * 1024;
/**
 * For every socket of a thread: libuv takes the buffer, reads and hands the bytes over in one step (uv__read), so that
 * no two are ever in it.
 */
let buffer: Buffer | undefined;

/** What `net.Socket` takes beside what its types say: a connection that is already open. */
type Adopting = SocketConstructorOpts & { handle: object; onread: OnReadOpts };

/**
 * The same connection, read into one buffer again and again: a new one for each read costs as much as reading itself.
 * The bytes are good only until `onBytes` returns. `accepted` comes from a server that pauses on connect; it is not used
 * any more.
 */
export function readIntoOneBuffer(accepted: Socket, onBytes: (bytes: Buffer) => void): Socket {
  const handle = detach(accepted);
  // What a later Node calls it, nobody knows: then its own way of reading has to do.
  if (!handle) return accepted.on("data", onBytes).resume();
  const options: Adopting = { handle, readable: true, writable: true, onread: into(onBytes) };
  // Nothing is to be had from its stream but the end.
  return new Socket(options).resume();
}

/** A pipe for reading, by its descriptor, in the same way. Pausing the socket stops the reads themselves, at once. */
export function readPipeIntoOneBuffer(fd: number, onBytes: (bytes: Buffer) => void): Socket {
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd,
    readable: true,
    writable: false,
    onread: into(onBytes),
  };
  return new Socket(options).resume();
}

function into(onBytes: (bytes: Buffer) => void): OnReadOpts {
  buffer ??= Buffer.allocUnsafeSlow(bufferBytes);
  const bytes = buffer;
  return {
    buffer: bytes,
    callback: (count) => {
      onBytes(bytes.subarray(0, count));
      return true;
    },
  };
}

/** Takes the connection itself out of its socket: Node has a buffer of one's own only for sockets that it did not make. */
function detach(socket: Socket): object | undefined {
  const owner = socket as Socket & { _handle?: object | null };
  const handle = owner._handle ?? undefined;
  if (!handle) return undefined;
  owner._handle = null;
  socket.destroy();
  return handle;
}
