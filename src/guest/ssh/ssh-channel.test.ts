import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Socket, connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { connectSsh } from "./connect.ts";
import { fingerprint, HostKeyPin, newKeyPair, publicKeyBytes } from "./keys.ts";
import { SshChannel } from "./ssh-channel.ts";
import { type ServerOptions, sshServer } from "./test/ssh-server.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

const key = newKeyPair("test");
const always = new AbortController().signal;

async function logIn(port: number, options: { privateKey?: string; password?: string; hostKey?: HostKeyPin } = {}) {
  return await connectSsh(tcpConnect({ port, host: "127.0.0.1", noDelay: true }), {
    ...{ user: "root", over: "a test's port", timeoutMs: 5_000, hostKey: new HostKeyPin() },
    ...options,
  });
}

async function channelTo(options: ServerOptions = {}, over: AbortSignal = always): Promise<SshChannel> {
  const server = await sshServer({ publicKey: key.publicKey, ...options });
  cleanUps.push(server.close);
  const channel = new SshChannel(await logIn(server.port, { privateKey: key.privateKey }), over);
  cleanUps.push(() => channel.close());
  return channel;
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "ssh-channel-"));
  cleanUps.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test("a command means the same as on every channel", async () => {
  const channel = await channelTo();
  expect(await channel.exec("echo out; echo wrong >&2; exit 7", 5_000)).toMatchObject({
    ...{ exitCode: 7, signal: null, stdout: Buffer.from("out\n"), stderr: Buffer.from("wrong\n") },
  });
  expect(await channel.exec("exit 137", 5_000)).toMatchObject({ exitCode: 137, signal: null });
  expect(await channel.exec("kill -9 $$", 5_000)).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  expect(await channel.exec(["sh", "-c", "kill -TERM $$"], 5_000)).toMatchObject({ exitCode: null, signal: "SIGTERM" });
  const missing = await channel.exec(["no-such-program"], 5_000);
  expect(missing.exitCode).toBe(127);
  expect(missing.stderr.toString()).toMatch(/^sh: .*no-such-program: not found\n$/);
  const input = randomBytes(300_000);
  const there = await channel.exec('cat; pwd >&2; echo "$A" >&2', 5_000, { input, cwd: "/tmp", env: { A: "b 'c'\n" } });
  expect(there.stdout.equals(input)).toBe(true);
  expect(there.stderr.toString()).toBe("/tmp\nb 'c'\n\n");
  // Without input there is none, rather than a wait for it.
  expect((await channel.exec("cat; echo done", 5_000)).text).toBe("done");
});

test("a command whose whole answer comes in one piece has ended as it did", async () => {
  const server = await sshServer({ publicKey: key.publicKey, maxSessions: 1 });
  cleanUps.push(server.close);
  const socket = tcpConnect({ port: server.port, host: "127.0.0.1", noDelay: true });
  cleanUps.push(() => socket.destroy());
  const client = await connectSsh(Duplex.from({ readable: inPieces(socket, 100), writable: socket }), {
    ...{ user: "root", over: "a test's port", timeoutMs: 20_000, hostKey: new HostKeyPin() },
    privateKey: key.privateKey,
  });
  const channel = new SshChannel(client, always);
  cleanUps.push(() => channel.close());
  for (const code of [0, 3]) {
    expect(await channel.exec(`echo ${code}; exit ${code}`, 20_000)).toMatchObject({
      ...{ exitCode: code, stdout: Buffer.from(`${code}\n`) },
    });
  }
});

/** The same bytes, those in one piece that came before a pause so long. */
async function* inPieces(socket: Socket, pauseMs: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  const parts = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let next = parts.next();
  while (true) {
    const came = await Promise.race([next, setTimeout(pauseMs, "pause" as const)]);
    if (came === "pause" || came.done) {
      if (held.length > 0) yield Buffer.concat(held);
      held = [];
      if (came !== "pause") return;
      await next;
      continue;
    }
    held.push(came.value);
    next = parts.next();
  }
}

test("any argument arrives as it was given", async () => {
  const channel = await channelTo();
  const argument = fc.string({ unit: "binary", maxLength: 40 }).filter((each) => !each.includes("\0"));
  await fc.assert(
    fc.asyncProperty(fc.array(argument, { maxLength: 5 }), argument, async (args, value) => {
      const print = ["sh", "-c", 'printf "%s\\0" "$V" "$@"', "sh", ...args];
      const { stdout } = await channel.exec(print, 5_000, { env: { V: value } });
      expect(stdout.toString()).toBe([value, ...args].map((each) => `${each}\0`).join(""));
    }),
    { numRuns: 25 },
  );
});

test("what is over its time is killed in the guest, with all it started", async () => {
  const channel = await channelTo();
  const file = join(folder(), "pids");
  const script = `trap '' TERM; sleep 1000 & echo $! >${file}; echo begun; while :; do wait; done`;
  await expect(channel.exec(script, 500)).rejects.toThrow(
    /did not end within 500 ms\n {2}it was killed in the guest; stdout so far: begun/,
  );
  const pid = Number(readFileSync(file, "utf8"));
  // Whoever inherits it may never ask how it ended.
  const alive = await channel.exec(`grep -q '^State:.[^ZX]' /proc/${pid}/status 2>/dev/null`, 5_000);
  expect(alive.ok).toBe(false);
});

test("what it leaves behind is not waited for", async () => {
  const channel = await channelTo();
  const { text: said, durationMs } = await channel.exec("sleep 3 & echo done", 20_000);
  expect(said).toBe("done");
  expect(durationMs).toBeLessThan(2_900);
});

test("a folder that is not there, a name that is none", async () => {
  const channel = await channelTo();
  await expect(channel.exec("true", 5_000, { cwd: "/no such" })).rejects.toThrow(
    "true was not started: the guest has no folder /no such",
  );
  await expect(channel.exec("true", 5_000, { env: { "A-B": "" } })).rejects.toThrow(
    'env: "A-B" is no variable\'s name',
  );
});

test("twenty at once do not mix, and wait for a server that takes fewer", async () => {
  const channel = await channelTo({ maxSessions: 3 });
  const run = async (n: number) => {
    const { text: said, exitCode } = await channel.exec(`sleep 0.0${n % 10}; echo ${n}; exit ${n}`, 20_000);
    return `${said}:${exitCode}`;
  };
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  expect(await Promise.all(numbers.map(run))).toEqual(numbers.map((n) => `${n}:${n}`));
  // By now it is known how many the server takes: what hangs is ended though others wait.
  const hanging = numbers.map(() => channel.exec("sleep 1000", 1_000).catch((error: Error) => error.message));
  for (const said of await Promise.all(hanging)) expect(said).toMatch(/^sleep 1000 did not end within 1 s\n {2}it was/);
  const refused = await channelTo({ maxSessions: 0 });
  await expect(refused.exec("true", 5_000)).rejects.toThrow("ssh: the guest opens no session");
});

test("files arrive whole, or not at all", async () => {
  const channel = await channelTo();
  const dir = folder();
  const bytes = randomBytes(1_000_000);
  await channel.write(join(dir, "it's"), bytes, always);
  expect(readFileSync(join(dir, "it's")).equals(bytes)).toBe(true);
  expect((await channel.read(join(dir, "it's"), always)).equals(bytes)).toBe(true);
  await channel.write(join(dir, "empty"), Buffer.alloc(0), always);
  expect(await channel.read(join(dir, "empty"), always)).toHaveLength(0);
  await expect(channel.write("/nowhere/x", bytes, always)).rejects.toThrow(
    /^\/nowhere\/x cannot be written in the guest: .*(nonexistent|[Nn]o such file)/,
  );
  await expect(channel.write("/dev/full", bytes, always)).rejects.toThrow(
    /^\/dev\/full was not written whole in the guest: .*No space left/,
  );
  await expect(channel.read("/nowhere/x", always)).rejects.toThrow(
    /^\/nowhere\/x cannot be read in the guest: .*[Nn]o such file/,
  );
});

test("a program that goes on is talked to, and killed", async () => {
  const channel = await channelTo();
  const cat = await channel.spawn(["cat"]);
  const said = text(cat.stdout);
  cat.stdin.write("one\n");
  cat.stdin.end("two\n");
  expect(await said).toBe("one\ntwo\n");
  expect(await cat.wait()).toEqual({ exitCode: 0, signal: null });
  const sleeper = await channel.spawn("sleep 1000");
  await sleeper.kill();
  expect(await sleeper.wait()).toEqual({ exitCode: null, signal: "SIGTERM" });
  await expect(sleeper.kill("9; reboot")).rejects.toThrow('kill: "9; reboot" is no signal');
});

test("a port of the guest's, and one that nobody listens on", async () => {
  const channel = await channelTo();
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  cleanUps.push(() => echo.close());
  await new Promise((resolve) => echo.once("listening", resolve));
  const { port } = echo.address() as { port: number };
  const stream = await channel.openPort(port, always);
  stream.end("hello");
  expect(await text(stream)).toBe("hello");
  await expect(channel.openPort(1, always)).rejects.toThrow("ssh: port 1 of the guest: ");
});

test("a shell for people", async () => {
  const channel = await channelTo();
  const shell = await channel.openShell({ columns: 100, rows: 30 });
  const said = text(shell.stream);
  shell.resize(120, 40);
  shell.stream.end("echo hi; exit 3\n");
  expect(await said).toBe("hi\n");
  expect(await shell.wait()).toEqual({ exitCode: 3, signal: null });
});

test("a guest that is reset says so of what ran in it", async () => {
  const boot = new AbortController();
  const channel = await channelTo({}, boot.signal);
  const spawned = await channel.spawn("sleep 1000");
  const shell = await channel.openShell({});
  const running = expect(channel.exec("echo $PPID; sleep 1000", 5_000)).rejects.toThrow(
    "the guest was reset while echo $PPID; sleep 1000 ran in the guest",
  );
  boot.abort(new Error("the guest was reset"));
  channel.close();
  await running;
  await expect(spawned.wait()).rejects.toThrow("the guest was reset while sleep 1000 ran in the guest");
  await expect(shell.wait()).rejects.toThrow("the guest was reset while a shell ran in the guest");
  expect(channel.isOpen).toBe(false);
});

test("a connection that breaks is no end of a command", async () => {
  const server = await sshServer({ publicKey: key.publicKey });
  cleanUps.push(server.close);
  const socket = tcpConnect(server.port, "127.0.0.1");
  const identity = { user: "root", privateKey: key.privateKey, hostKey: new HostKeyPin() };
  const client = await connectSsh(socket, { ...identity, over: "a socket", timeoutMs: 5_000 });
  const channel = new SshChannel(client, always);
  const running = channel.exec("echo begun; sleep 1000", 20_000);
  const broken = expect(running).rejects.toThrow(
    "the channel ssh was closed while echo begun; sleep 1000 ran in the guest: nobody knows how it ended",
  );
  const spawned = await channel.spawn("sleep 1000");
  socket.destroy();
  await broken;
  await expect(spawned.wait()).rejects.toThrow("the channel ssh was closed while sleep 1000 ran");
  expect(channel.isOpen).toBe(false);
  await expect(channel.exec("true", 1_000)).rejects.toThrow("true was not started: the channel ssh is closed");
});

test("each phase that fails is named, with what to look at", async () => {
  const server = await sshServer({ publicKey: key.publicKey, password: "right" });
  cleanUps.push(server.close);
  (await logIn(server.port, { password: "right" })).end();
  const other = newKeyPair("other");
  const pin = new HostKeyPin([publicKeyBytes(other.publicKey)]);
  await expect(logIn(server.port, { password: "wrong" })).rejects.toThrow(
    "ssh to root over a test's port: login: the guest does not take the password of root",
  );
  await expect(logIn(server.port, { privateKey: other.privateKey })).rejects.toThrow(
    "ssh to root over a test's port: login: the guest does not take the key of root",
  );
  await expect(logIn(server.port, { privateKey: key.privateKey, hostKey: pin })).rejects.toThrow(
    /host key: it is SHA256:[\w+/]{43}, and the guest's was SHA256:[\w+/]{43}: this is another system/,
  );
  const mute = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  const deaf = createServer(() => {}).listen(0, "127.0.0.1");
  cleanUps.push(() => mute.close());
  cleanUps.push(() => deaf.close());
  await Promise.all([mute, deaf].map((each) => new Promise((resolve) => each.once("listening", resolve))));
  const portOf = (each: typeof mute) => (each.address() as { port: number }).port;
  await expect(logIn(portOf(mute), { password: "x" })).rejects.toThrow(
    "greeting: the other end closed the connection before it said that it is an SSH server: does sshd run there?",
  );
  const identity = { user: "root", password: "x", hostKey: new HostKeyPin(), over: "a deaf port" };
  await expect(connectSsh(tcpConnect(portOf(deaf), "127.0.0.1"), { ...identity, timeoutMs: 200 })).rejects.toThrow(
    "ssh to root over a deaf port: greeting: it was not done within 200 ms",
  );
  const refused = tcpConnect(1, "127.0.0.1");
  await expect(connectSsh(refused, { ...identity, over: "port 1", timeoutMs: 5_000 })).rejects.toThrow(
    "ssh to root over port 1: greeting: connect ECONNREFUSED",
  );
});

test("the first host key that is seen is the guest's from then on", () => {
  const [one, two] = [newKeyPair("one"), newKeyPair("two")].map(({ publicKey }) => publicKeyBytes(publicKey));
  const pin = new HostKeyPin();
  expect([one, one, two].map((each) => pin.accepts(each ?? Buffer.alloc(0)))).toEqual([true, true, false]);
  expect(fingerprint(one ?? Buffer.alloc(0))).toMatch(/^SHA256:[\w+/]{43}$/);
  expect(() => publicKeyBytes("nonsense")).toThrow('"nonsense" is no public key of SSH');
});
