import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { AgentChannel } from "./agent-channel.ts";
import { canRunAgent, localAgent } from "./test/local-agent.ts";

const limit = 20_000;
const never = new AbortController().signal;

async function setUp() {
  const local = localAgent();
  onTestFinished(() => local.end());
  return { ...local, channel: await local.channel() };
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "petri-agent 'é-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function all(stream: Readable): Promise<Buffer> {
  const read: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => void read.push(chunk));
  await once(stream, "end");
  return Buffer.concat(read);
}

describe.runIf(canRunAgent)("petri-agent", () => {
  test("programs end as they end: every code, every signal, and what they are given", async () => {
    const { channel } = await setUp();
    const run = (command: string | readonly string[]) => channel.exec(command, limit);
    expect(await run("echo out; echo err >&2; exit 3")).toMatchObject({
      ...{ exitCode: 3, signal: null, stdout: Buffer.from("out\n"), stderr: Buffer.from("err\n") },
    });
    const codes = Array.from({ length: 256 }, (_, code) => code);
    const ends = await Promise.all(codes.map((code) => run(`exit ${code}`)));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual(codes);
    expect(await run("kill -9 $$")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
    expect(await run("kill -34 $$")).toMatchObject({ exitCode: null, signal: "SIGRTMIN+0" });
    expect(await run("sh -c 'kill -9 $$'; exit $?")).toMatchObject({ exitCode: 137, signal: null });
    expect((await run(["printf", "%s|", "a b", "", "'q'", "$HOME\n*", "é✓"])).text).toBe("a b||'q'|$HOME\n*|é✓|");
    const input = randomBytes(300_000);
    const copied = await channel.exec("cat; cat >&2 <&0; echo $WORD $(pwd) $HOME >&2", limit, {
      ...{ input, env: { WORD: "it's\n\"ü", HOME: "/home" }, cwd: "/usr/.." },
    });
    expect(copied.stdout.equals(input)).toBe(true);
    expect(copied.stderr.toString()).toBe(`it's "ü / /home\n`);
    expect(await run(["no-such-program"])).toMatchObject({
      ...{ exitCode: 127, stderr: Buffer.from("petri-agent: no-such-program: No such file or directory\n") },
    });
    expect((await run(["/etc/passwd"])).exitCode).toBe(126);
    // What it starts has nothing of the agent's: no signal ignored, no descriptor but the three, a group of its own.
    expect((await run("grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '")).text).toBe(
      "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0 1 2 3 ",
    );
    await expect(channel.exec("true", limit, { cwd: "/no such" })).rejects.toThrow(
      "true was not started: the guest has no folder /no such",
    );
    await expect(channel.exec("true", limit, { env: { "a-b": "" } })).rejects.toThrow(
      'env: "a-b" is no variable\'s name',
    );
    await expect(run(`: ${"x".repeat(140_000)}`)).rejects.toThrow("give them as input, or upload them");
  });

  test("10 MB go both ways, side by side with a program that nobody reads", async () => {
    const { channel } = await setUp();
    const stuck = await channel.spawn("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done");
    const input = randomBytes(10_000_000);
    const results = await Promise.all(
      [1, 2, 3].map((n) => channel.exec(["cat"], limit, { input: input.subarray(0, n * 3_000_000) })),
    );
    expect(results.map(({ stdout }, n) => stdout.equals(input.subarray(0, (n + 1) * 3_000_000)))).toEqual([
      ...[true, true, true],
    ]);
    // Its window, what Node reads ahead, and not more.
    expect(stuck.stdout.readableLength).toBeLessThan(200_000);
    await stuck.kill("SIGKILL");
    expect(await stuck.wait()).toEqual({ exitCode: null, signal: "SIGKILL" });
  });

  test("100,000 lines, 20 at once, and 80 where 64 fit", async () => {
    const { channel } = await setUp();
    const { text } = await channel.exec("seq 100000", limit);
    expect(text.split("\n")).toHaveLength(100_000);
    const results = await Promise.all(
      Array.from({ length: 80 }, (_, n) => channel.exec(`sleep 0.1; echo ${n}; exit ${n}`, limit)),
    );
    expect(results.map(({ exitCode, text }) => `${exitCode}:${text}`)).toEqual(
      Array.from({ length: 80 }, (_, n) => `${n}:${n}`),
    );
  });

  test("a program whose time is over is killed, with what it started", async () => {
    const { channel } = await setUp();
    const pids = join(folder(), "pids");
    const hang = `trap '' TERM; echo begun; sleep 1000 & echo $$ $! >"$PIDS"; wait; sleep 1000`;
    await expect(channel.exec(hang, 500, { env: { PIDS: pids } })).rejects.toThrow(
      /^trap .* did not end within 500 ms\n {2}it was killed in the guest; stdout so far: begun/,
    );
    const isAlive = (pid: string) =>
      existsSync(`/proc/${pid}/stat`) && !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
    await expect.poll(() => readFileSync(pids, "utf8").trim().split(" ").filter(isAlive)).toEqual([]);
    const stop = new AbortController();
    const cut = channel.exec("sleep 1000", limit, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(cut).rejects.toThrow("enough");
  });

  test("what a program leaves running in the background lives on, and holds nothing up", async () => {
    const { channel } = await setUp();
    const flag = join(folder(), "flag");
    const left = await channel.exec(
      `(for i in 1 2 3 4 5; do echo busy; sleep 0.1; done; touch "$F") & echo $!`,
      limit,
      {
        env: { F: flag },
      },
    );
    expect(left.text.split("\n")[0]).toMatch(/^\d+$/);
    expect(existsSync(flag)).toBe(false);
    await expect.poll(() => existsSync(flag), { timeout: 5_000 }).toBe(true);
  });

  test("a spawned program is talked to by its streams", async () => {
    const { channel } = await setUp();
    const program = await channel.spawn('while read -r line; do echo "<$line>"; done; echo done >&2; exit 4');
    program.stdin.write("one\n");
    expect(`${(await once(program.stdout, "data"))[0]}`).toBe("<one>\n");
    const rest = all(program.stdout);
    const errors = all(program.stderr);
    program.stdin.end("two\n");
    expect([`${await rest}`, `${await errors}`]).toEqual(["<two>\n", "done\n"]);
    expect(await program.wait()).toEqual({ exitCode: 4, signal: null });
    await expect(program.kill("SIGNOPE")).rejects.toThrow('"SIGNOPE" is no signal');
  });

  test("files are whole or not there, with their modes", async () => {
    const { channel } = await setUp();
    const dir = folder();
    const file = join(dir, "é it's\n$HOME");
    const bytes = randomBytes(3_000_000);
    await channel.place(file, bytes, 0o751, never);
    expect(statSync(file).mode & 0o7777).toBe(0o751);
    expect((await channel.read(file, never)).equals(bytes)).toBe(true);
    await channel.write(file, Buffer.alloc(0), never);
    expect(await channel.read(file, never)).toEqual(Buffer.alloc(0));
    await expect(channel.write(join(dir, "no", "x"), bytes, never)).rejects.toThrow(
      /no\/x cannot be written in the guest: No such file or directory$/,
    );
    await expect(channel.write(dir, bytes, never)).rejects.toThrow(
      /was not written whole in the guest: Is a directory$/,
    );
    await expect(channel.read(dir, never)).rejects.toThrow(/cannot be read in the guest: Is a directory$/);
    await expect(channel.write("/proc/x", bytes, never)).rejects.toThrow(/^\/proc\/x cannot be written in the guest: /);
    await expect(channel.write("", bytes, never)).rejects.toThrow('"" is no path');
    const stop = new AbortController();
    const cut = channel.write(join(dir, "cut"), randomBytes(50_000_000), stop.signal);
    setImmediate(() => stop.abort(new Error("enough")));
    await expect(cut).rejects.toThrow("enough");
    await expect.poll(() => readdirSync(dir)).toEqual(["é it's\n$HOME"]);
  });

  test("a transfer that loses its channel leaves nothing", async () => {
    const { channel, transport, agent } = await setUp();
    const dir = folder();
    const exited = once(agent, "exit");
    const cut = expect(channel.write(join(dir, "cut"), randomBytes(50_000_000), never)).rejects.toThrow(
      /cut (was not written whole|cannot be written) in the guest: petri-agent on a socket is gone/,
    );
    const run = expect(channel.exec("sleep 1000", limit)).rejects.toThrow(
      "petri-agent on a socket is gone: the connection was closed while sleep 1000 ran",
    );
    await expect.poll(() => readdirSync(dir)).not.toEqual([]);
    transport.destroy();
    await cut;
    await run;
    expect(channel.isOpen).toBe(false);
    await exited;
    expect(readdirSync(dir)).toEqual([]);
    await expect(channel.exec("true", limit)).rejects.toThrow("is gone");
  });

  test("ports of the guest are reached, half closes included, or told to be closed", async () => {
    const { channel } = await setUp();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      void all(socket).then((bytes) => socket.end(bytes));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const bytes = randomBytes(2_000_000);
    const stream = await channel.openPort(port, never);
    const back = all(stream);
    stream.end(bytes);
    expect((await back).equals(bytes)).toBe(true);
    server.close();
    await expect(channel.openPort(port, never)).rejects.toThrow(
      `the guest's port ${port} cannot be reached: nobody listens on it`,
    );
  });

  test("a shell has a terminal of its own", async () => {
    const { channel } = await setUp();
    const shell = await channel.openShell({ columns: 132, rows: 43 });
    let shown = "";
    shell.stream.on("data", (chunk: Buffer) => {
      shown += chunk;
    });
    shell.stream.write("tty; stty size; echo $TERM\n");
    await expect.poll(() => shown).toMatch(/\/dev\/pts\/\d+\r\n43 132\r\nxterm-256color\r\n/);
    shell.resize(100, 30);
    shell.stream.write("stty size; exit 5\n");
    expect(await shell.wait()).toEqual({ exitCode: 5, signal: null });
    expect(shown).toContain("30 100\r\n");
  });

  test("a greeting is found behind what nobody read, and one in the middle ends the session before", async () => {
    const local = localAgent();
    onTestFinished(() => local.end());
    local.transport.write(randomBytes(5_000));
    const first = await local.channel();
    const pid = join(folder(), "pid");
    void first.exec('echo $$ >"$F"; exec sleep 1000', limit, { env: { F: pid } }).catch(() => {});
    await expect.poll(() => existsSync(pid) && readFileSync(pid, "utf8")).toMatch(/^\d+\n$/);
    local.transport.removeAllListeners("data");
    const second = await local.channel();
    expect((await second.exec("echo again", limit)).text).toBe("again");
    expect(existsSync(`/proc/${readFileSync(pid, "utf8").trim()}/cmdline`)).toBe(false);
  });

  test("nobody at the other end is told as such", async () => {
    const local = localAgent();
    onTestFinished(() => local.end());
    local.agent.kill("SIGSTOP");
    const silent = AgentChannel.open("vsock", local.transport, {
      ...{ where: "vsock port 7007", timeoutMs: 50, signal: never },
    });
    await expect(silent).rejects.toThrow(
      "petri-agent on vsock port 7007 did not answer within 50 ms\n  start it in the guest: petri-agent serve",
    );
  });
});
