import koffi from "koffi";
import { HostError } from "../machine/errors.ts";

let mkfifo: ((path: string, mode: number) => number) | undefined;

/** Makes a named pipe for this user alone (mkfifo(3)); Node has no call for it. Throws HostError. */
export function makeFifo(path: string): void {
  mkfifo ??= koffi.load("libc.so.6").func("int mkfifo(const char *path, uint32_t mode)");
  if (mkfifo(path, 0o600) !== 0) throw new HostError(`the pipe ${path} cannot be made: errno ${koffi.errno()}`);
}
