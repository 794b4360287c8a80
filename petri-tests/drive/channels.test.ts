import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelName, readTrace } from "petri-vm";
import { expect, matrix, type VmTestOptions, vmTest } from "petri-vm/test";
import { onTestFinished } from "vitest";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });

/** One meaning on all of them: each test is the same for each. */
const rows: readonly {
  readonly channel: ChannelName;
  readonly machine: NonNullable<VmTestOptions["machine"]>;
  /** What it carries of a file in a test's time: a UART is slow. */
  readonly bytes: number;
  readonly hasStreams: boolean;
}[] = [
  { channel: "serial", machine: {}, bytes: 1_000_000, hasStreams: false },
  { channel: "virtio-serial", machine: { ports: ["petri.agent"] }, bytes: 10_000_000, hasStreams: true },
  { channel: "vsock", machine: { vsock: true }, bytes: 10_000_000, hasStreams: true },
];

for (const { channel, machine, bytes, hasStreams } of rows) {
  const options = { on, machine, channel, timeout: "300s" } as const;

  vmTest(`programs end as they end, by ${channel}`, options, async ({ vm, guest }) => {
    const codes = Array.from({ length: 256 }, (_, code) => code);
    const ends = await Promise.all(codes.map((code) => guest.exec(`exit ${code}`)));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual(codes);
    for (const [number, signal] of Object.entries({ 9: "SIGKILL", 15: "SIGTERM", 11: "SIGSEGV" })) {
      const end = await guest.exec(`kill -${number} $$`);
      expect({ exitCode: end.exitCode, signal: end.signal }).toEqual({ exitCode: null, signal });
    }
    expect((await guest.exec("exit 137")).signal).toBe(null);
    const words = ["it's", 'a "b"', "two\nlines", "", "$HOME `x` \\", "ü✓🎉", "-n", "*"];
    expect((await guest.exec(["printf", "%s|", ...words])).text).toBe(words.map((word) => `${word}|`).join(""));
    const { text } = await guest.exec("seq 100000");
    expect(text).toBe(Array.from({ length: 100_000 }, (_, n) => n + 1).join("\n"));
    const many = Array.from({ length: 20 }, (_, n) => guest.exec(`sleep 0.$n; echo ${n}; echo e${n} >&2; exit ${n}`));
    expect((await Promise.all(many)).map(({ exitCode, text, stderr }) => `${exitCode} ${text} ${stderr}`)).toEqual(
      many.map((_, n) => `${n} ${n} e${n}\n`),
    );
    await expect(guest.exec("echo begun; sleep 1000", { timeout: "4s" })).rejects.toThrow(
      /did not end within 4 s\n {2}it was killed in the guest; stdout so far: begun/,
    );
    expect((await guest.exec("pidof sleep")).exitCode).toBe(1);
    await expect(guest.exec("true", { cwd: "/nowhere" })).rejects.toThrow(
      "true was not started: the guest has no folder /nowhere",
    );
    expect((await guest.exec(["no-such-program"])).exitCode).toBe(127);
    const notes: string[] = [];
    for await (const event of (await readTrace(vm.traceDir)).events()) {
      if (event.kind === "note") notes.push(event.text);
    }
    expect(notes).toContain(`programs run by the channel ${channel}: as asked for`);
  });

  vmTest(`bytes go both ways as they are, by ${channel}`, options, async ({ guest }) => {
    const sent = randomBytes(bytes);
    const input = hasStreams ? sent : sent.subarray(0, 20_000);
    const echoed = await guest.exec("cat", { input, timeout: "200s" });
    expect(echoed.stdout.equals(input)).toBe(true);
    await guest.upload(sent, "/tmp/file");
    expect((await guest.exec("stat -c %s-%a /tmp/file")).text).toBe(`${bytes}-644`);
    expect((await guest.read("/tmp/file")).equals(sent)).toBe(true);
    await expect(guest.read("/nowhere")).rejects.toThrow(/^\/nowhere cannot be read in the guest: .*[Nn]o such file/);
    await expect(guest.upload(sent, "/nowhere/x")).rejects.toThrow(/^\/nowhere\/x.* cannot be written in the guest: /);
    expect((await guest.exec("mkdir /tmp/small && mount -t tmpfs -o size=20k none /tmp/small")).ok).toBe(true);
    await expect(guest.upload(sent.subarray(0, 40_000), "/tmp/small/big")).rejects.toThrow(
      /was not written whole in the guest: (20480 of 40000 bytes arrived|.*[Nn]o space left)/,
    );
    expect((await guest.exec("ls -A /tmp/small")).text).toBe("");
  });

  vmTest(`a guest that goes away says so, and is driven again, by ${channel}`, options, async ({ vm, guest }) => {
    await expect(guest.exec("reboot -f; sleep 1000")).rejects.toThrow(
      "the guest was reset while reboot -f; sleep 1000 ran in the guest",
    );
    await vm.power.next("reset");
    expect((await guest.exec("echo again")).text).toBe("again");
    vm.expectCrash(/sysrq triggered crash/i);
    await expect(guest.exec("echo c >/proc/sysrq-trigger; sleep 1000")).rejects.toThrow(/ran in the guest|crash/);
    await vm.power.find("crash");
  });

  if (!hasStreams) {
    vmTest(`what has no streams says so, by ${channel}`, options, async ({ guest }) => {
      const instead = "give the machine vsock: true, and an image with petri-agent";
      await expect(guest.spawn("cat")).rejects.toThrow(
        `the channel serial keeps no streams of a program open; use one that does: ${instead}`,
      );
      await expect(guest.forward(80)).rejects.toThrow("the channel serial reaches no port of the guest's");
      await expect(guest.shell()).rejects.toThrow("the channel serial has no terminal to give");
    });
    continue;
  }

  vmTest(`programs, ports and shells have streams, by ${channel}`, options, async ({ guest }) => {
    const program = await guest.spawn('while read -r line; do echo "<$line>"; done; exit 4');
    let said = "";
    program.stdout.on("data", (chunk: Buffer) => {
      said += chunk;
    });
    program.stdin.end("one\ntwo\n");
    expect(await program.wait()).toEqual({ exitCode: 4, signal: null });
    await expect.poll(() => said).toBe("<one>\n<two>\n");

    const server = await guest.spawn(["nc", "-l", "-p", "8080", "-e", "cat"]);
    await guest.waitFor("netstat -ltn | grep -q :8080");
    const dir = mkdtempSync(join(tmpdir(), "petri-drive-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const forward = await guest.forward(8080, { path: join(dir, "port") });
    const client = connect({ path: join(dir, "port"), allowHalfOpen: true });
    let back = "";
    client.on("data", (chunk) => {
      back += chunk;
    });
    client.end("through the port");
    await expect.poll(() => back).toBe("through the port");
    expect(await server.wait()).toEqual({ exitCode: 0, signal: null });
    forward.close();

    const shell = await guest.shell({ columns: 90, rows: 20 });
    let shown = "";
    shell.stream.on("data", (chunk: Buffer) => {
      shown += chunk;
    });
    shell.stream.write("stty size; exit 3\n");
    expect(await shell.wait()).toEqual({ exitCode: 3, signal: null });
    await expect.poll(() => shown).toContain("20 90\r\n");

    // A guest cannot hold up one program's output by another's.
    const unread = await guest.spawn("yes");
    expect((await guest.exec("echo beside it")).text).toBe("beside it");
    await unread.kill();
    expect(await unread.wait()).toEqual({ exitCode: null, signal: "SIGTERM" });
  });

  vmTest(
    `an agent that is killed in the middle is told, and driven again, by ${channel}`,
    options,
    async ({ guest }) => {
      const cut = expect(guest.upload(randomBytes(50_000_000), "/tmp/cut")).rejects.toThrow(
        /cut (was not written whole|cannot be written) in the guest: petri-agent on .*(is gone|was killed in the guest|is no frame)/,
      );
      await guest.exec("until ls /tmp/cut.petri-*; do :; done; kill -9 $PPID", { timeout: "30s" }).catch(() => {});
      await cut;
      // A part is never taken for the whole.
      expect((await guest.exec("[ -e /tmp/cut ]")).exitCode).toBe(1);
    },
  );
}
