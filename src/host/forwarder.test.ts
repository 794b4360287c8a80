import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Forwarder } from "./forwarder.ts";

/** Not by buffer(): it destroys a stream that it has read to the end. */
async function all(socket: Socket): Promise<Buffer> {
  const read: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => void read.push(chunk));
  await once(socket, "end");
  return Buffer.concat(read);
}

/** Says back what it is told, once all of it has come. */
async function echoServer(): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void all(socket).then((bytes) => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return { server, port: typeof address === "object" && address ? address.port : 0 };
}

const toEcho = (port: number) => async () => connect({ port, host: "127.0.0.1", allowHalfOpen: true });

async function said(socket: Socket, text: string): Promise<string> {
  const answer = all(socket);
  socket.end(text);
  return (await answer).toString();
}

test("each connection has a stream of its own, half closes included", async () => {
  const echo = await echoServer();
  const forwarder = await Forwarder.open({}, toEcho(echo.port), () => {});
  onTestFinished(() => forwarder.close());
  const clients = ["one", "two"].map((text) => said(connect({ ...forwarder.at, allowHalfOpen: true }), text));
  expect(await Promise.all(clients)).toEqual(["one", "two"]);
});

test("a connection that cannot be opened is reset, and said; the port stays", async () => {
  const refusals: string[] = [];
  let isRefused = true;
  const echo = await echoServer();
  const open = async () => {
    if (isRefused) throw new Error("nobody listens");
    return await toEcho(echo.port)();
  };
  const forwarder = await Forwarder.open({}, open, ({ message }) => void refusals.push(message));
  onTestFinished(() => forwarder.close());
  await expect(said(connect({ ...forwarder.at, allowHalfOpen: true }), "x")).rejects.toThrow("ECONNRESET");
  expect(refusals).toEqual(["nobody listens"]);
  isRefused = false;
  expect(await said(connect({ ...forwarder.at, allowHalfOpen: true }), "y")).toBe("y");
});

test("a Unix socket does, too, and is gone after the end", async () => {
  const dir = mkdtempSync(join(tmpdir(), "petri-forward-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, "port");
  const echo = await echoServer();
  const forwarder = await Forwarder.open({ path }, toEcho(echo.port), () => {});
  expect(forwarder.at).toEqual({ host: "", port: 0, path });
  expect(await said(connect({ path, allowHalfOpen: true }), "unix")).toBe("unix");
  await expect(Forwarder.open({ path }, toEcho(echo.port), () => {})).rejects.toThrow(`forward: ${path} is in use`);
  forwarder.close();
  await expect.poll(() => existsSync(path)).toBe(false);
  await expect(Forwarder.open({ port: 70_000 }, toEcho(echo.port), () => {})).rejects.toThrow(
    "forward: 70000 is no port of the host",
  );
});
