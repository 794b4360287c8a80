import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, matrix, vmTest } from "petri-vm/test";
import { vi } from "vitest";
import { startLab as start } from "./start-lab.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const petri = join(checkout, "dist/cli/main.js");

/** The lease is the lab's: no VM of the test's own runs. */
const lab = {
  on: matrix({ vmm: "qemu", boot: "kernel", image: "lab" }),
  machine: { memory: { size: "2G" }, processors: { count: 2 } },
  timeout: "240s",
} as const;

/** Processes whose command line names a folder below `root`: the lab's QEMU. */
function running(root: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(root);
    } catch {
      return false;
    }
  });
}

/** Run by node(1) in the lab: what it is given, what it prints, what it writes, and what is there. */
const everything = `
  const { readFileSync, writeFileSync, openSync } = require("node:fs");
  openSync("/dev/vhost-vsock", "r+");
  const raw = readFileSync("/proc/self/cmdline");
  const from = raw.indexOf(Buffer.from("\\0marker\\0")) + 1;
  process.stdout.write(raw.subarray(from));
  process.stderr.write("to stderr\\n::error::not ours\\n");
  writeFileSync("written", "by the lab, as " + process.getuid() + " with " + process.env.PETRI_LAB_TEST);
  process.exit(137);
`;

vmTest("arguments, output, files and an exit code of 137 pass through as they are", lab, async () => {
  const hostile = ["", "$(reboot)", "`id`", "'\"\\", "a\nb", "\u{1f9ea} ä", "--", "-n", "*", "\x01\x1b[2J\x7f"];
  const { ended, cwd } = start([
    ...["--env", "PETRI_LAB_TEST=a 'b'\n$c", "--", process.execPath, "-e", everything, "marker", ...hostile],
  ]);
  const { code, stdout, stderr } = await ended;
  expect(stdout.toString("latin1")).toBe(Buffer.from(["marker", ...hostile, ""].join("\0")).toString("latin1"));
  expect(stderr).toBe("to stderr\n::error::not ours\n");
  expect(code).toBe(137);
  expect(readFileSync(join(cwd, "written"), "utf8")).toBe("by the lab, as 0 with a 'b'\n$c");
});

vmTest("a command that is killed is told from one that exits so; all it printed is there", lab, async () => {
  const { ended } = start(["--", "sh", "-c", "head -c 20000000 /dev/zero; sleep 1000 & kill -9 $$"]);
  const { code, stdout, stderr } = await ended;
  expect(stderr).toBe("petri: the command was killed by SIGKILL\n");
  expect(code).toBe(137);
  expect(stdout.length).toBe(20_000_000);
});

vmTest("a slow reader gets all that was printed, though the lab is gone before it reads", lab, async () => {
  let begin = () => {};
  const isRead = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const { ended, root } = start(["--", "head", "-c", "20000000", "/dev/zero"], undefined, isRead);
  const isUp = () => running(root).length > 0;
  await vi.waitUntil(isUp, { timeout: 60_000 });
  await vi.waitUntil(() => !isUp(), { timeout: 180_000, interval: 200 });
  begin();
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(stdout.length).toBe(20_000_000);
});

vmTest("KVM in the lab runs 64-bit guests: petri-guest boots and obeys under it", lab, async () => {
  const boot = ["boot", "--image", "petri-guest", "--vmm", "qemu", "--hypervisor", "kvm", "--timeout", "60s"];
  const script = ["--expect", "petri-guest ready", "--send", "info\\n", "--expect", "/mode=64/"];
  const { ended } = start(["--", process.execPath, petri, ...boot, ...script], checkout);
  const { code, stdout, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.toString()).toMatch(/petri-guest ready kernel/);
});

vmTest(
  "a lab that goes down is the lab's failure, not the command's, and shows the kernel's last lines",
  lab,
  async () => {
    const { ended } = start(["--", "sh", "-c", "echo before; echo c >/proc/sysrq-trigger; sleep 1000"]);
    const { code, stdout, stderr } = await ended;
    expect(stdout.toString()).toBe("before\n");
    expect(code).toBe(70);
    expect(stderr).toMatch(
      /^petri: the lab went down before the command had ended: the guest crashed \(kernel-panic, inferred\)/,
    );
    expect(stderr).toContain("its kernel reported: ");
    expect(stderr).toMatch(/^trace: /m);
  },
);

vmTest("Ctrl-C ends the lab at once and leaves nothing behind", lab, async () => {
  const { child, ended, root, results } = start(["--", "sh", "-c", "echo started; sleep 1000"]);
  const first = (await once(child.stdout, "data")) as [Buffer];
  expect(String(first[0])).toBe("started\n");
  expect(running(root)).not.toEqual([]);
  child.kill("SIGINT");
  expect((await ended).code).toBe(130);
  expect(running(root)).toEqual([]);
  const [user = ""] = readdirSync(root);
  expect(readdirSync(join(root, user))).toEqual([]);
  expect(readdirSync(results, { recursive: true }).filter((name) => /exchange/.test(String(name)))).toEqual([]);
});

vmTest("a command that takes too long ends with 124, what it printed, and a trace", lab, async () => {
  const { ended } = start(["--timeout", "10s", "--", "sh", "-c", "echo before; sleep 1000"]);
  const { code, stdout, stderr } = await ended;
  expect(stdout.toString()).toBe("before\n");
  expect(code).toBe(124);
  expect(stderr).toMatch(/^petri: the command was still running in the lab after 10 s\n/);
  expect(stderr).toMatch(/petri-lab: the command starts\n/);
  const [, trace = ""] = /^trace: (.+)$/m.exec(stderr) ?? [];
  expect(readdirSync(trace)).toContain("com1.log");
});
