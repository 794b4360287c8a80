import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { parseStatus } from "./status.ts";

const doubles = fileURLToPath(new URL("../../../fixtures/vmms", import.meta.url));
const image = fileURLToPath(new URL("../../../fixtures/petri-guest/built/petri-guest.img", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "petri-vmctl-"));
const env = { ...process.env, PETRI_DOUBLES: join(folder, "state") };

/** The doubles as another release of OpenBSD has them. */
function release(version: string): string {
  const dir = mkdtempSync(join(tmpdir(), "petri-release-"));
  for (const name of ["vmctl", "cu"]) symlinkSync(join(doubles, name), join(dir, name));
  const double = JSON.parse(readFileSync(join(doubles, "petri-double.json"), "utf8"));
  writeFileSync(join(dir, "petri-double.json"), JSON.stringify({ ...double, openbsd: version }));
  return dir;
}

const newest = release("7.6");
const oldest = release("6.3");

function run(words: readonly string[], dir = newest, program = "vmctl") {
  const { status, stderr, stdout } = spawnSync(join(dir, program), words, { env, cwd: folder, encoding: "utf8" });
  return { status, first: stderr.split("\n")[0] ?? "", stderr, stdout };
}

const vmctl = (line: string, dir = newest) => run(line.split(" "), dir);
const noDisk = { status: 1, first: "vmctl: could not open disk image(s)" };
const usage = { status: 1, first: expect.stringMatching(/^usage:\tvmctl \[-v\] start /) };

afterAll(() => void vmctl("reset all"));

// From vmctl(8) of both generations; the disk is not there, so that nothing is started.
test.each([
  ["start -c -L -m 1G -d none.qcow2 -d second.img -r none.iso t1", "start t1 -c -m 1G -d none.qcow2"],
  ["start -Bnet -b/bsd.rd -L -m1G -ddisk.qcow2 vmm1", "start myvm -m 1G -i 1 -b /bsd -d disk.img"],
  ["start -t template -d none.img -n uplink t1", "start myvm -t openbsd.4G -d mydisk.img"],
])("it takes %s, and before 6.6 %s", (newer, older) => {
  expect(vmctl(newer)).toMatchObject(noDisk);
  expect(vmctl(older, oldest)).toMatchObject(noDisk);
  expect(vmctl(older)).toMatchObject(usage);
  expect(vmctl(newer, oldest)).toMatchObject(usage);
});

test.each([
  ["", /^usage:\tvmctl \[-v\] command \[arg \.\.\.\]$/],
  ["st t1", /^usage:\tvmctl \[-v\] command/],
  ["boot t1", /^usage:\tvmctl \[-v\] command/],
  ["start", /^usage:\tvmctl \[-v\] start /],
  ["start -z t1", /^vmctl: illegal option -- z$/],
  ["start t1 t2", /^usage:\tvmctl \[-v\] start /],
  ["start -m 1G -m 2G t1", /^vmctl: memory size specified multiple times$/],
  ["start -B disk -B net t1", /^vmctl: boot device specified multiple times$/],
  ["start -d none 1t", /^vmctl: invalid VM name$/],
  ["start -r none.iso t1", /^vmctl: could not find specified iso image$/],
  ["start t1", /^vmctl: start vm command failed: Invalid argument$/],
  ["start -d . t1", /^vmctl: specified disk image\(s\) are not regular files$/],
  ["stop -f none", /^stopping vm none: vm not found$/],
  ["pause none", /^vmctl: none: vm not found$/],
  ["create", /^usage:\tvmctl \[-v\] create /],
  ["create -s 1X d.img", /^vmctl: invalid size: 1X$/],
  ["send t1", /^usage:\tvmctl \[-v\] command/],
])("it refuses %j", (line, first) => {
  const refused = run(line === "" ? [] : line.split(" "));
  expect(refused.status).toBe(1);
  expect(refused.first).toMatch(first);
});

test("a VM is started, told of, paused, restarted in place, and forgotten; its console has one user", {
  timeout: 120_000,
}, async () => {
  copyFileSync(image, join(folder, "disk.img"));
  expect(vmctl("create -b disk.img life.qcow2")).toMatchObject({ status: 0, first: "vmctl: qcow2 imagefile created" });
  const started = vmctl("start -L -m 64M -d life.qcow2 life");
  expect(started).toMatchObject({
    status: 0,
    first: expect.stringMatching(/^vmctl: started vm \d+ successfully, tty \/dev\/ttyp\w+$/),
  });
  expect(vmctl("start -d life.qcow2 other")).toMatchObject({ first: "vmctl: start vm command failed: Device busy" });
  expect(vmctl("start -d disk.img life")).toMatchObject({
    first: "vmctl: start vm command failed: Operation already in progress",
  });
  const row = () => parseStatus(vmctl("status life").stdout)[0];
  expect(row()).toMatchObject({
    name: "life",
    state: "running",
    tty: expect.stringMatching(/^ttyp/),
    pid: expect.any(Number),
  });
  expect(vmctl("pause life").first).toMatch(/^vmctl: paused vm \d+ successfully$/);
  expect(row()).toMatchObject({ state: "paused" });
  expect(vmctl("unpause life").status).toBe(0);

  const console = spawn(join(newest, "vmctl"), ["console", "life"], { env, stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  console.stdout.on("data", (bytes) => {
    said += bytes;
  });
  await expect.poll(() => said, { timeout: 20_000 }).toMatch(/^Connected to \/dev\/ttyp\w+ \(speed 115200\)\r\n/);
  expect(vmctl("console life")).toMatchObject({
    status: 1,
    first: expect.stringMatching(/^cu: open\(.*\): Device busy$/),
  });
  console.stdin.write("echo one\n~~two\n");
  await expect.poll(() => said, { timeout: 20_000 }).toContain("ok one");
  await expect.poll(() => said).toContain("~two");
  const before = row();
  console.stdin.write("reset keyboard\n");
  await expect.poll(() => row()?.pid, { timeout: 20_000 }).not.toBe(before?.pid);
  expect(row()).toMatchObject({ id: before?.id, tty: before?.tty });
  console.stdin.write("~.");
  await expect.poll(() => said, { timeout: 20_000 }).toMatch(/\[EOT\]\n$/);

  expect(vmctl("stop -f -w life").stderr).toMatch(
    /^stopping vm life: forced to terminate vm \d+\n.*: terminated vm \d+\n$/,
  );
  expect(vmctl("status life")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ +ID +PID .* NAME\n$/) });
});
