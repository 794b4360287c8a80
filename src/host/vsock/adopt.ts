import { Socket } from "node:net";
import { libc, must, SOCK_CLOEXEC, socketPair } from "./libc.ts";

/**
 * A connected stream socket of any family as a stream of Node's. `new Socket({ fd })` looks at the family and refuses
 * those that it does not know (ERR_INVALID_FD_TYPE); what it does with one afterwards, read, write, shutdown and epoll,
 * is the same for all. So it is given a Unix socket, and before it first waits for that, the descriptor becomes the
 * other socket (dup2(2)). Takes over `fd`, which must not block.
 */
export function adoptSocket(fd: number): Socket {
  const [stand, other] = socketPair();
  const socket = new Socket({ fd: stand, readable: true, writable: true, allowHalfOpen: true });
  must("dup3(2)", libc().dup3(fd, stand, SOCK_CLOEXEC));
  libc().close(fd);
  libc().close(other);
  return socket;
}
