import { createHash, randomBytes } from "node:crypto";
import { createConnection } from "node:net";
import { text } from "node:stream/consumers";
import type { VirtualMachine } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";
import { freePort } from "../free-port.ts";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-12" });
const guestPort = 22;

/** One VM each; the test's own `vm` would have neither way to its sshd. */
const ways = {
  "TCP through the VMM's NAT": async () => ({ nics: [{ forward: [{ hostPort: await freePort(), guestPort }] }] }),
  vsock: async () => ({ vsock: true as const }),
} as const;

for (const [way, machineOf] of Object.entries(ways)) {
  vmTest(`SSH over ${way} means the same as every channel`, { on, channel: "ssh", timeout: "6m" }, async ({ boot }) => {
    const vm = await boot({ machine: await machineOf() });
    await commands(vm);
    await streams(vm);
    await files(vm);
  });
}

// Each boot has a host key of its own, and has to let the run's key in again.
vmTest(
  "SSH goes on in the next boot",
  { on, channel: "ssh", machine: { vsock: true }, timeout: "6m" },
  async ({ guest }) => {
    const bootId = "cat /proc/sys/kernel/random/boot_id /etc/ssh/ssh_host_ed25519_key.pub";
    const before = (await guest.exec(bootId)).text.split("\n");
    await guest.reboot();
    const after = (await guest.exec(bootId)).text.split("\n");
    expect(after).toHaveLength(2);
    expect(after.filter((line) => before.includes(line))).toEqual([]);
  },
);

async function commands({ guest }: VirtualMachine): Promise<void> {
  expect(await guest.exec("echo out; echo wrong >&2; exit 7")).toMatchObject({
    ...{ exitCode: 7, signal: null, stdout: Buffer.from("out\n"), stderr: Buffer.from("wrong\n") },
  });
  expect(await guest.exec("exit 137")).toMatchObject({ exitCode: 137, signal: null });
  expect(await guest.exec("kill -9 $$")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  const odd = ["it's", "two  words", "ü\n", "$HOME", "-n", ""];
  const { stdout } = await guest.exec(["printf", "%s\\0", ...odd], { cwd: "/tmp", env: { A: "b" } });
  expect(stdout.toString()).toBe(odd.map((each) => `${each}\0`).join(""));
  await expect(guest.exec("echo begun; sleep 1000 & wait", { timeout: "2s" })).rejects.toThrow(
    /did not end within 2 s\n {2}it was killed in the guest; stdout so far: begun/,
  );
  expect((await guest.exec("ps -C sleep")).exitCode).toBe(1);
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  const side = await Promise.all(numbers.map((n) => guest.exec(`echo ${n}; exit ${n}`)));
  expect(side.map((each) => `${each.text}:${each.exitCode}`)).toEqual(numbers.map((n) => `${n}:${n}`));
  expect((await guest.exec("seq 100000")).stdout.toString().split("\n")).toHaveLength(100_001);
}

async function streams({ guest }: VirtualMachine): Promise<void> {
  const cat = await guest.spawn(["cat"]);
  cat.stdin.end("hello\n");
  expect(await text(cat.stdout)).toBe("hello\n");
  expect(await cat.wait()).toEqual({ exitCode: 0, signal: null });
  const forwarded = await guest.forward(guestPort);
  const client = createConnection(forwarded.port, forwarded.host);
  const [greeting] = (await client.setEncoding("utf8").iterator().next()).value.split("\r\n");
  expect(greeting).toMatch(/^SSH-2\.0-OpenSSH/);
  client.destroy();
  forwarded.close();
  await expect(guest.exec("true", { cwd: "/no such" })).rejects.toThrow("the guest has no folder /no such");
  const shell = await guest.shell({ columns: 100, rows: 30 });
  const shown = text(shell.stream);
  shell.stream.write("stty size; exit 3\n");
  expect(await shell.wait()).toEqual({ exitCode: 3, signal: null });
  expect(await shown).toContain("30 100");
}

async function files({ guest }: VirtualMachine): Promise<void> {
  const bytes = randomBytes(10_000_000);
  await guest.upload(bytes, "/tmp/big");
  const sum = createHash("sha256").update(bytes).digest("hex");
  expect((await guest.exec("sha256sum </tmp/big")).text).toBe(`${sum}  -`);
  expect((await guest.read("/tmp/big")).equals(bytes)).toBe(true);
  expect((await guest.exec("mkdir /tmp/small && mount -t tmpfs -o size=20k none /tmp/small")).ok).toBe(true);
  await expect(guest.upload(bytes.subarray(0, 100_000), "/tmp/small/big")).rejects.toThrow(
    /not written whole in the guest: .*No space left/,
  );
  expect((await guest.exec("ls /tmp/small")).text).toBe("");
}

const petriGuest = matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" });

vmTest("what SSH lacks is said before anything runs", { on: petriGuest, channel: "ssh" }, async ({ boot }) => {
  await expect(boot()).rejects.toThrow("channel: ssh cannot be had: the image is not known to have an SSH server");
});
