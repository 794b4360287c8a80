import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";
import { onTestFinished } from "vitest";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });

vmTest("a command means the same as on the host", { on }, async ({ vm, guest }) => {
  expect(await guest.exec("uname -s; echo wrong >&2; exit 7")).toMatchObject({
    ...{ exitCode: 7, signal: null, stdout: Buffer.from("Linux\n"), stderr: Buffer.from("wrong\n") },
  });
  expect((await guest.exec(["echo", "it's", "two  words", "ü"])).text).toBe("it's two  words ü");
  const input = randomBytes(5_000);
  const { stdout } = await guest.exec("cat; pwd >&2", { input, cwd: "/tmp", env: { A: "b" } });
  expect(stdout.equals(input)).toBe(true);
  expect(await guest.exec("kill -9 $$")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  await expect(guest.exec("echo begun; sleep 1000", { timeout: "1s" })).rejects.toThrow(
    /did not end within 1 s\n {2}it was killed in the guest; stdout so far: begun/,
  );
  expect((await guest.exec("pidof sleep")).exitCode).toBe(1);

  // Typed text and commands take turns on the one line.
  vm.console().sendLine("echo typed:$((6 * 7))");
  await expect(vm.console()).toPrint(/^typed:42\n/);
  const side = await Promise.all([1, 2, 3].map((n) => guest.exec(`sleep 0.$n; echo ${n}; exit ${n}`)));
  expect(side.map(({ text, exitCode }) => `${text}:${exitCode}`)).toEqual(["1:1", "2:2", "3:3"]);
  expect(await guest.echo("by hand")).toBe("by hand");
  await guest.exec("(sleep 0.5; touch /tmp/flag) >/dev/null 2>&1 &").then(({ ok }) => expect(ok).toBe(true));
  expect((await guest.waitFor("[ -e /tmp/flag ] && echo there")).text).toBe("there");
});

vmTest("the kernel may print all the while", { on }, async ({ vm, guest }) => {
  // The kernel would else drop most of them, and a line that is never free lets nobody through.
  await guest.exec("echo on >/proc/sys/kernel/printk_devkmsg").then(({ ok }) => expect(ok).toBe(true));
  const says = "echo '<1>storm: {a:1:1} @1 2 3 echo {z:1:1:0:0:b::}' >/dev/kmsg";
  const storm = `while :; do ${says}; usleep 20000; done`;
  const { text: pid } = await guest.exec(`(${storm}) >/dev/null 2>&1 & echo $!`);
  for (let n = 0; n < 20; n++) {
    expect(await guest.exec(`echo ${n}; exit ${n}`)).toMatchObject({ exitCode: n, stdout: Buffer.from(`${n}\n`) });
  }
  expect((await guest.exec(`kill ${pid}`)).ok).toBe(true);
  expect(
    vm
      .console()
      .text()
      .match(/storm: \{a:1:1\}/g)?.length,
  ).toBeGreaterThan(40);
});

vmTest("files and folders arrive whole, with their modes", { on }, async ({ guest }) => {
  const dir = mkdtempSync(join(tmpdir(), "petri-drive-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const bytes = randomBytes(40_000);
  const tree = join(dir, "tree");
  mkdirSync(join(tree, "sub", "ü"), { recursive: true });
  writeFileSync(join(tree, "a b"), bytes);
  chmodSync(join(tree, "a b"), 0o751);
  writeFileSync(join(tree, "sub", "ü", "x"), "x");
  writeFileSync(join(tree, "empty"), "");
  symlinkSync("sub/ü", join(tree, "link"));
  await guest.upload(tree, "/tmp/it's here");
  const { text } = await guest.exec("cd \"/tmp/it's here\"; md5sum 'a b'; readlink link; stat -c %a 'a b'");
  await guest.download("/tmp/it's here", join(dir, "back"));
  expect(text).toMatch(/^[\da-f]{32} {2}a b\nsub\/ü\n751$/);
  expect(readFileSync(join(dir, "back", "a b")).equals(bytes)).toBe(true);
  expect(statSync(join(dir, "back", "a b")).mode & 0o777).toBe(0o751);
  expect(readFileSync(join(dir, "back", "sub", "ü", "x"), "utf8")).toBe("x");
  expect(readFileSync(join(dir, "back", "empty"), "utf8")).toBe("");
  expect(readlinkSync(join(dir, "back", "link"))).toBe("sub/ü");

  await expect(guest.upload(Buffer.from("x"), "/nowhere/x")).rejects.toThrow(
    /^\/nowhere\/x.* cannot be written in the guest: .*nonexistent/,
  );
  await expect(guest.read("/nowhere/x")).rejects.toThrow(
    /^\/nowhere\/x cannot be read in the guest: .*[Nn]o such file/,
  );
  await expect(guest.upload(Buffer.from("x"), "/tmp")).rejects.toThrow("/tmp is a folder: name the file in it");
  // A disk that is full half way.
  expect((await guest.exec("mkdir /tmp/small && mount -t tmpfs -o size=20k none /tmp/small")).ok).toBe(true);
  await expect(guest.upload(bytes, "/tmp/small/big")).rejects.toThrow(
    /was not written whole in the guest: (20480 of 40000 bytes arrived|.*[Nn]o space left)/,
  );
  expect((await guest.exec("ls /tmp/small")).text).toBe("");
});

vmTest("a command that the guest does not survive says so", { on }, async ({ vm, guest }) => {
  await expect(guest.exec("reboot -f; sleep 1000")).rejects.toThrow(
    "the guest was reset while reboot -f; sleep 1000 ran in the guest",
  );
  await vm.power.next("reset");
  expect((await guest.exec("echo again")).text).toBe("again");
  vm.expectCrash(/sysrq triggered crash/i);
  await expect(guest.exec("echo c >/proc/sysrq-trigger; sleep 1000")).rejects.toThrow(/ran in the guest|crash/);
  await vm.power.find("crash");
});
