import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { openRelays, type Relay } from "./relay.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "petri-relay-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function open(consoles: Parameters<typeof openRelays>[0]): Promise<Relay[]> {
  const relays = await openRelays(consoles);
  onTestFinished(() => {
    for (const relay of relays) relay.close();
  });
  return relays;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

async function received(socket: Socket, length: number): Promise<string> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.length >= length) break;
  }
  return text;
}

test("a client on a path gets what was printed before it came, and can type", async () => {
  const path = join(newFolder(), "com2");
  const [relay] = await open({ com1: "capture", com2: `listen=${path}` });
  const typed = new Promise<string>((resolve) => relay?.onInput((bytes) => resolve(bytes.toString())));
  relay?.write(Buffer.from("early "));
  const client = connect(path);
  await once(client, "connect");
  client.write("hello");
  expect(await typed).toBe("hello");
  relay?.write(Buffer.from("late"));
  expect(await received(client, 10)).toBe("early late");
  client.destroy();
});

test("a port that is in use is told, and what was opened before it is closed again", async () => {
  const path = join(newFolder(), "com1");
  const port = await freePort();
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  await expect(openRelays({ com1: `listen=${path}`, com2: `listen=tcp:127.0.0.1:${port}` })).rejects.toThrow(
    `consoles.com2 listen=tcp:127.0.0.1:${port}: 127.0.0.1:${port} is in use`,
  );
  expect(existsSync(path)).toBe(false);
});

test("a socket that somebody listens on is left alone", async () => {
  const path = join(newFolder(), "com1");
  const [relay] = await open({ com1: `listen=${path}` });
  await expect(openRelays({ com1: `listen=${path}` })).rejects.toThrow(`${path} is in use`);
  expect(relay?.console).toBe("com1");
});

test("a socket that a dead process left is replaced", async () => {
  const path = join(newFolder(), "com1");
  const listen = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await execa(process.execPath, ["-e", listen], { reject: false });
  expect(existsSync(path)).toBe(true);
  const [relay] = await open({ com1: `listen=${path}` });
  const client = connect(path);
  await once(client, "connect");
  relay?.write(Buffer.from("new"));
  expect(await received(client, 3)).toBe("new");
  client.destroy();
});

test("a file that is no socket is not replaced by one", async () => {
  const path = join(newFolder(), "notes");
  writeFileSync(path, "mine");
  await expect(openRelays({ com1: `listen=${path}` })).rejects.toThrow(`${path} is in use`);
  expect(readFileSync(path, "utf8")).toBe("mine");
});

test("a file gets every byte", async () => {
  const path = join(newFolder(), "com1.log");
  const [relay] = await open({ com1: `file=${path}` });
  relay?.write(Buffer.from("one "));
  relay?.write(Buffer.from("two"));
  expect(readFileSync(path, "utf8")).toBe("one two");
});

test("a file that cannot be opened is told with its option", async () => {
  await expect(openRelays({ com1: "file=/nonexistent/com1.log" })).rejects.toThrow(
    /^consoles\.com1 file=\/nonexistent\/com1.log cannot be opened: ENOENT/,
  );
  const say = (name: string, backend: string) => `--${name} ${backend}`;
  await expect(openRelays({ com1: "file=/nonexistent/com1.log" }, say)).rejects.toThrow(/^--com1 file=/);
});
