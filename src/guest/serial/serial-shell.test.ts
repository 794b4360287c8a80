import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { agentFolder, canRunAgent } from "../agent/test/local-agent.ts";
import { AgentLink } from "./link.ts";
import { SerialShell } from "./serial-shell.ts";
import { type Disturbance, localShell } from "./test/local-shell.ts";

const never = new AbortController().signal;
const limit = 20_000;

function shellOf(disturbance: Disturbance = {}, options: { sh?: string; path?: string } = {}) {
  const local = localShell(disturbance, options);
  onTestFinished(() => local.end());
  const link = new AgentLink(local.line, () => local.prompt());
  const shell = new SerialShell(link);
  return { local, link, shell, run: (command: string | readonly string[]) => shell.exec(command, limit) };
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "petri shell 'é-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Whoever adopts an orphan may take its time to bury it: a zombie runs no more. */
function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
}

describe.each(["dash", "bash", "busybox", "mksh"].filter((sh) => existsSync(`/bin/${sh}`)))("with %s", (sh) => {
  test("commands end as they end: codes, output and errors apart, and what they are given", async () => {
    const { run, shell } = shellOf({}, { sh: `/bin/${sh}` });
    expect(await run("echo out; echo err >&2; exit 3")).toMatchObject({
      ...{ exitCode: 3, signal: null, stdout: Buffer.from("out\n"), stderr: Buffer.from("err\n") },
    });
    expect(await run("true")).toMatchObject({
      exitCode: 0,
      signal: null,
      stdout: Buffer.alloc(0),
      stderr: Buffer.alloc(0),
    });
    expect((await run(["printf", "%s|", "a b", "", "'q'", "$HOME\n*", "é✓"])).text).toBe("a b||'q'|$HOME\n*|é✓|");
    const input = randomBytes(10_000);
    const copied = await shell.exec("cat; cat >&2 <&0; echo $WORD $(pwd) >&2", limit, {
      ...{ input, env: { WORD: "it's\n\"ü" }, cwd: "/usr/.." },
    });
    expect(copied.stdout.equals(input)).toBe(true);
    expect(copied.stderr.toString()).toBe(`it's "ü /\n`);
    // To a shell a signal is a status; which of both it was it does not say.
    expect(await run("kill -9 $$")).toMatchObject({ exitCode: 137, signal: "unknown" });
    expect(await run("exit 255")).toMatchObject({ exitCode: 255, signal: null });
  });

  test("twenty commands run side by side, and none takes another's answer", async () => {
    const warned = vi.fn();
    process.on("warning", warned);
    onTestFinished(() => void process.off("warning", warned));
    const { run } = shellOf({}, { sh: `/bin/${sh}` });
    const all = Array.from({ length: 40 }, (_, n) => n);
    const results = await Promise.all(all.map((n) => run(`echo out ${n}; echo err ${n} >&2; exit ${n}`)));
    expect(results.map(({ exitCode, text, stderr }) => [exitCode, text, `${stderr}`])).toEqual(
      all.map((n) => [n, `out ${n}`, `err ${n}\n`]),
    );
    expect(warned).not.toHaveBeenCalled();
  });

  test("a command whose time is over is killed in the guest, with what it started", async () => {
    const { run, shell } = shellOf({}, { sh: `/bin/${sh}` });
    const pids = join(folder(), "pids");
    const hang = `trap '' TERM; echo begun; sleep 1000 & echo $$ $! >"$PIDS"; wait; sleep 1000`;
    const ended = shell.exec(hang, 500, { env: { PIDS: pids } });
    await expect(ended).rejects.toThrow(
      /^trap .* did not end within 500 ms\n {2}it was killed in the guest; stdout so far: begun/,
    );
    await expect.poll(() => readFileSync(pids, "utf8").trim().split(" ").filter(isAlive)).toEqual([]);
    expect((await run("echo still here")).text).toBe("still here");
  });
});

describe.each([["cksum"], ["base64"], ["cksum", "md5sum", "base64"]])("in a guest without %s %s %s", (...missing) => {
  test("commands and files arrive all the same", async () => {
    const path = folder();
    for (const tool of [
      "stty",
      "mkdir",
      "rm",
      "mv",
      "tr",
      "wc",
      "od",
      "dd",
      "cksum",
      "md5sum",
      "base64",
      "uname",
      "cat",
    ]) {
      if (!missing.includes(tool)) symlinkSync(`/usr/bin/${tool}`, join(path, tool));
    }
    const { run, shell } = shellOf({}, { path });
    const bytes = randomBytes(30_000);
    const file = join(folder(), "é it's\n$HOME");
    await shell.write(file, bytes, never);
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect((await shell.read(file, never)).equals(bytes)).toBe(true);
    expect((await run(["cat", file])).stdout.equals(bytes)).toBe(true);
    expect(await run("printf 'a\\000b'; exit 9")).toMatchObject({ exitCode: 9, stdout: Buffer.from("a\0b") });
  });
});

test("what cannot be done is told in the guest's words, and the line goes on", async () => {
  const { run, shell } = shellOf();
  const dir = folder();
  await expect(shell.write(join(dir, "no", "x"), Buffer.from("x"), never)).rejects.toThrow(
    /cannot be written in the guest: .*(nonexistent|No such)/,
  );
  await expect(shell.read(join(dir, "none"), never)).rejects.toThrow(/cannot be read in the guest: .*No such file/);
  await expect(shell.read(dir, never)).rejects.toThrow(/cannot be read in the guest: .*Is a directory/);
  await expect(shell.exec("true", limit, { cwd: join(dir, "gone") })).rejects.toThrow(
    /was not started: the guest has no folder .*gone$/,
  );
  await expect(shell.exec("true", limit, { env: { "a-b": "" } })).rejects.toThrow('env: "a-b" is no variable\'s name');
  expect((await run("echo goes on")).text).toBe("goes on");
});

test.runIf(canRunAgent)("with petri-agent in the guest a signal is told from an exit code", async () => {
  const dir = agentFolder();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const { run, shell } = shellOf({}, { path: `${dir}:/usr/bin:/bin` });
  expect(await run("echo out; kill -9 $$")).toMatchObject({
    ...{ exitCode: null, signal: "SIGKILL", stdout: Buffer.from("out\n") },
  });
  expect(await run("kill -TERM $$")).toMatchObject({ exitCode: null, signal: "SIGTERM" });
  expect(await run("exit 137")).toMatchObject({ exitCode: 137, signal: null });
  await expect(shell.exec("trap '' TERM; echo begun; while :; do sleep 1000; done", 500)).rejects.toThrow(
    /it was killed in the guest/,
  );
});

test("a command that has ended is not asked after any more", async () => {
  const { local, link, run } = shellOf();
  const commands = [1, 2, 3].map(() => run("sleep 2.2"));
  await expect.poll(() => local.typed().match(/sleep 2.2/g)?.length, { timeout: 5_000 }).toBe(3);
  // The agent does nothing else meanwhile; the commands end by themselves, and it is time to ask after them.
  await link.request("sleep 6", never);
  await Promise.all(commands);
  await run("true");
  expect(local.typed()).not.toContain("R='y ");
});

test("the line is given back to the shell it was taken from, and taken again", async () => {
  const { local, link, run } = shellOf();
  expect((await run("echo $PPID; exit 4")).exitCode).toBe(4);
  link.leave(new Error("somebody types"));
  local.line.write("echo typed:$((6 * 7))\r");
  await expect.poll(() => local.said().toString("latin1")).toContain("typed:42");
  expect((await run("echo again")).text).toBe("again");
});

test("a command is told when the guest is gone", async () => {
  const { link, run } = shellOf();
  expect((await run("true")).ok).toBe(true);
  const cut = run("sleep 1000");
  await expect(Promise.race([cut, run("true").then(() => "runs")])).resolves.toBe("runs");
  link.lost(new Error("the guest was reset"));
  await expect(cut).rejects.toThrow("the guest was reset while sleep 1000 ran in the guest");
});

const chatter = Buffer.from("[   12.345678] usb 1-1: new {high-speed} device @7 1 2 f\r\n");

test("the kernel may print between any two bytes", async () => {
  let at = 0;
  // Seven shares no factor with most frames' lengths: at each offset of each frame sooner or later.
  const { run, local } = shellOf({
    said: (bytes) =>
      Buffer.concat([...bytes].flatMap((byte) => (++at % 7 === 0 ? [chatter, Buffer.of(byte)] : [Buffer.of(byte)]))),
  });
  for (let n = 0; n < 40; n++) {
    expect(await run(`echo ${n}; exit ${n}`)).toMatchObject({ exitCode: n, stdout: Buffer.from(`${n}\n`) });
  }
  expect(local.said().length).toBeGreaterThan(7 * 40 * chatter.length);
});

// Four shells at once: each has a quarter of the commands. What comes back of one is some fifty bytes.
test("in a thousand commands, with the kernel's lines at every offset of what comes back, none goes wrong", async () => {
  const apart = 16;
  const counts = await Promise.all(
    [0, 1, 2, 3].map(async (shell) => {
      let left = Number.POSITIVE_INFINITY;
      let injected = 0;
      const { run } = shellOf({
        said: (bytes) => {
          const parts: Buffer[] = [];
          for (const byte of bytes) {
            if (left-- === 0) {
              injected++;
              left = apart - 1;
              parts.push(chatter);
            }
            parts.push(Buffer.of(byte));
          }
          return Buffer.concat(parts);
        },
      });
      await run("true");
      for (let n = 0; n < 250; n++) {
        left = n % apart;
        const { exitCode, text } = await run(`echo ${shell}:${n}; exit ${n}`);
        expect([exitCode, text]).toEqual([n, `${shell}:${n}`]);
      }
      return injected;
    }),
  );
  for (const injected of counts) expect(injected).toBeGreaterThan(2 * 250);
}, 120_000);

/** True for one byte in some, further apart each time by what the numbers say. */
function now(first: number, apart: number, numbers: Iterator<number>): () => boolean {
  let left = first;
  return () => {
    left--;
    if (left >= 0) return false;
    left = apart + (numbers.next().value ?? 0);
    return true;
  };
}

test("a command that is long in coming is not taken for the one before it", async () => {
  let payloads = 0;
  const { run, shell } = shellOf({ typed: (text) => (text.includes("\n=") && payloads++ === 0 ? "" : text) });
  expect((await run("echo first")).text).toBe("first");
  const input = randomBytes(3_000);
  const { stdout } = await shell.exec("cat", limit, { input });
  expect(stdout.equals(input)).toBe(true);
});

test("what is damaged on its way is sent again, and no command runs twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat(400)), fc.infiniteStream(fc.nat(250)), async (gaps, holes) => {
      const isHit = now(1_000, 100, gaps);
      const isLost = now(4_000, 150, holes);
      const local = localShell(
        {
          // UTF-8 of another program lands in the frames; characters that are typed get lost.
          said: (bytes) => Buffer.from([...bytes].flatMap((byte) => (isHit() ? [byte, 0xc3, 0xa9] : [byte]))),
          typed: (text) => [...text].filter(() => !isLost()).join(""),
        },
        {},
      );
      const file = join(folder(), "count");
      const shell = new SerialShell(new AgentLink(local.line, () => local.prompt()));
      try {
        for (let n = 0; n < 12; n++) {
          const { text } = await shell.exec(`echo ${n} >>"$FILE"; echo ${n}; seq 1 60`, limit, { env: { FILE: file } });
          expect(text).toBe([n, ...Array.from({ length: 60 }, (_, i) => i + 1)].join("\n"));
        }
        expect(readFileSync(file, "latin1")).toBe(Array.from({ length: 12 }, (_, n) => `${n}\n`).join(""));
      } finally {
        await local.end();
      }
    }),
    { numRuns: 4 },
  );
}, 60_000);

// In the loader, what no shell takes and what one takes all the same; then in the agent.
test.each([3, 120, 700])("a start that lost its character %i is begun anew", async (at) => {
  const isLost = now(at, 1_000_000, [][Symbol.iterator]());
  const { run } = shellOf({ typed: (text) => [...text].filter(() => !isLost()).join("") });
  expect((await run("echo started")).text).toBe("started");
});
