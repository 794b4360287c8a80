import { spawn } from "node:child_process";
import { createServer, connect as tcpConnect } from "node:net";
import ssh2, { type ServerChannel } from "ssh2";
import { newKeyPair } from "../keys.ts";

export interface ServerOptions {
  /** The key that may log in, as a line of authorized_keys. */
  readonly publicKey?: string;
  readonly password?: string;
  /** Sessions at once, as sshd's MaxSessions. */
  readonly maxSessions?: number;
  readonly hostKey?: string;
  /** So many connections are closed before anything is said: sshd has not started. */
  readonly mute?: number;
}

/** ssh2's own server on a loopback port; what it is told to run runs on this host. */
export async function sshServer(options: ServerOptions) {
  const hostKey = options.hostKey ?? newKeyPair("host").privateKey;
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    let sessions = 0;
    client.on("error", () => {});
    client.on("authentication", (context) => {
      const allowed = options.publicKey && (ssh2.utils.parseKey(options.publicKey) as ssh2.ParsedKey);
      const isKey =
        context.method === "publickey" &&
        allowed &&
        context.key.data.equals(allowed.getPublicSSH()) &&
        (!context.signature || allowed.verify(context.blob as Buffer, context.signature) === true);
      const isPassword = context.method === "password" && context.password === options.password;
      if (isKey || isPassword) context.accept();
      else context.reject();
    });
    client.on("session", (accept, reject) => {
      if (++sessions > (options.maxSessions ?? 100)) {
        sessions--;
        return reject();
      }
      const session = accept();
      session.on("close", () => sessions--);
      session.on("pty", (acceptPty) => acceptPty?.());
      session.on("exec", (acceptExec, _, { command }) => run(acceptExec(), ["-c", command]));
      session.on("shell", (acceptShell) => run(acceptShell(), ["-s"]));
    });
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      const socket = tcpConnect(destPort, destIP);
      socket.once("error", () => reject());
      socket.once("connect", () => {
        const stream = accept();
        socket.pipe(stream).pipe(socket);
      });
    });
  });
  let mute = options.mute ?? 0;
  const listener = createServer({ noDelay: true }, (socket) => {
    if (mute-- > 0) socket.end();
    else server.injectSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  return { port, close: () => listener.close() };
}

function run(stream: ServerChannel, args: readonly string[]): void {
  const child = spawn("sh", args, { detached: true });
  stream.pipe(child.stdin);
  child.stdin.on("error", () => {});
  child.stdout.pipe(stream, { end: false });
  child.stderr.pipe(stream.stderr, { end: false });
  child.on("exit", (code, signal) => {
    if (signal) stream.exit(signal.slice("SIG".length));
    else stream.exit(code ?? 255);
  });
  child.on("close", () => stream.close());
  stream.on("close", () => {
    // As sshd does not: nothing of a test is to be left.
    if (child.exitCode === null && child.signalCode === null && child.pid) process.kill(-child.pid, "SIGKILL");
  });
}
