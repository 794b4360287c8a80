import { expect, matrix, vmTest } from "petri-vm/test";
import { vi } from "vitest";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });

vmTest("a program's results are the test's", { on }, async ({ vm, guest }) => {
  const script = `echo 'TAP version 14'
echo '1..3'
echo 'ok 1 - reads'
echo '    1..1'
echo '    ok 1 - deep'
echo 'ok 2 - has more'
echo '# no such device' ; echo 'ok 3 - writes # SKIP no disk'`;
  const { ok, points } = await guest.runTap(script);
  expect(ok).toBe(true);
  expect(points.map(({ name, outcome, points: inner }) => [name, outcome, inner.length])).toEqual([
    ["reads", "passed", 0],
    ["has more", "passed", 1],
    ["writes", "skipped", 0],
  ]);
  const result = await guest.runTap("echo 1..2; echo ok 1; echo '# it is late'; echo not ok 2 - waits; exit 1");
  // Until somebody looks, it fails the test.
  expect(vm.loose()).toEqual([expect.stringMatching(/^nobody looked at: .*: 1 result failed: 2 waits$/)]);
  expect(result.failed).toMatchObject([{ number: 2, name: "waits", diagnostics: ["# it is late"] }]);
  expect(vm.taps.records().map(({ problems }) => problems)).toEqual([[], []]);
});

vmTest("results are known while their program runs", { on, machine: { vsock: true } }, async ({ vm, guest }) => {
  const waits = "until [ -e /tmp/go ]; do usleep 10000; done";
  const result = guest.runTap(`echo 1..3; echo ok 1 - one; echo ok 2 - two; ${waits}; echo ok 3 - three`);
  // The last one may still get diagnostics.
  const known = () => vm.taps.records()[0]?.points.map(({ name }) => name);
  await vi.waitFor(() => expect(known()).toEqual(["one"]), { timeout: 20_000 });
  await guest.exec("touch /tmp/go").then(({ ok }) => expect(ok).toBe(true));
  expect((await result).points.map(({ name }) => name)).toEqual(["one", "two", "three"]);
  await expect(guest.runTap("echo 1..1; echo ok 1; kill -9 $$")).rejects.toThrow("it was killed by SIGKILL");
});

vmTest("results that are not whole are no results", { on }, async ({ guest }) => {
  await expect(guest.runTap("echo 1..3; echo ok 1; kill -9 $$")).rejects.toThrow(
    /^the TAP of .* cannot be trusted: it has 1 result of 3 that were planned\n {2}and: it was killed by SIGKILL/,
  );
  await expect(guest.runTap("echo 1..3; echo not ok 1; echo gone >&2; exit 3\n# its end")).rejects.toThrow(
    /^the TAP of echo 1\.\.3; echo not ok 1; echo gone >&2; exit 3 … cannot .* planned\n {2}and: it exited with 3, and said last: gone/,
  );
  await expect(guest.runTap("echo 1..1; echo ok 1; echo gone wrong >&2; exit 3")).rejects.toThrow(
    "cannot be trusted: it exited with 3, and said last: gone wrong",
  );
  await expect(guest.runTap(["/no/such/test"])).rejects.toThrow("there are no results in it");
  await expect(guest.runTap("echo 1..1; printf 'ok 1 - cut'")).rejects.toThrow("its last line has no line end");
  await expect(guest.runTap("echo 1..1; echo ok 1; sleep 1000", { timeout: "1s" })).rejects.toThrow(
    "did not end within 1 s",
  );
});

vmTest("results on the console, while the kernel prints in the middle of them", { on }, async ({ vm, guest }) => {
  await guest.exec("echo on >/proc/sys/kernel/printk_devkmsg").then(({ ok }) => expect(ok).toBe(true));
  // Each character a write of its own, so that the kernel's lines land within a line.
  const slowly = (text: string) =>
    `for c in ${[...text].map((c) => `'${c}'`).join(" ")}; do printf %s "$c"; done; echo`;
  const report = ["TAP version 13", "1..3", "ok 1 - one", "not ok 2 - two", "ok 3 - three"].map(slowly).join("; ");
  vm.console().sendLine("(while [ ! -e /tmp/done ]; do echo 'storm 1..2 ok 3' >/dev/kmsg; done) 2>/dev/null &");
  vm.console().sendLine(`stty -echo; ${report}; stty echo; touch /tmp/done`);
  const { failed, points } = await vm.tap({ timeout: "30s" });
  expect(points.map(({ name }) => name)).toEqual(["one", "two", "three"]);
  expect(failed.map(({ name }) => name)).toEqual(["two"]);
  expect(vm.console().text()).toMatch(/\] storm 1\.\.2 ok 3/);
});

/** What KUnit prints, a line of the kernel's log each: Debian's kernels are built without it. */
const kunit = `KTAP version 1
1..2
    KTAP version 1
    # Subtest: sort
    1..2
    ok 1 sorts_numbers
    # sorts_words: EXPECTATION FAILED at lib/test_sort.c:41
    not ok 2 sorts_words
not ok 1 sort
    KTAP version 1
    # Subtest: hash
    1..1
        KTAP version 1
        # Subtest: parameters
        ok 1 one
        ok 2 two
    ok 1 parameters
ok 2 hash
`;

vmTest("the kernel's own results, in its log", { on }, async ({ vm, guest }) => {
  await guest.exec("echo on >/proc/sys/kernel/printk_devkmsg").then(({ ok }) => expect(ok).toBe(true));
  await guest.upload(Buffer.from(kunit), "/tmp/kunit");
  const says = "while IFS= read -r line; do echo \"<6>$line\" >/dev/kmsg; echo '<6>usb 1-1: new' >/dev/kmsg; done";
  const log = vm.tap({ timeout: "30s" });
  await guest.exec(`${says} </tmp/kunit`).then(({ ok }) => expect(ok).toBe(true));
  const { failed, points } = await log;
  expect(points.map(({ name, points: inner }) => [name, inner.length])).toEqual([
    ["sort", 2],
    ["hash", 1],
  ]);
  const [words] = failed;
  expect(words?.name).toBe("sorts_words");
  expect(words?.diagnostics).toContain("# sorts_words: EXPECTATION FAILED at lib/test_sort.c:41");
});

vmTest("a guest that dies in the middle of its results", { on }, async ({ vm, guest }) => {
  await guest.ready();
  vm.console().sendLine("stty -echo; echo 1..3; echo ok 1; echo ok 2; poweroff -f");
  await expect(vm.tap({ timeout: "30s" })).rejects.toThrow(/in the middle of vm\.tap\(\) on com1\n {2}2 passed so far/);
  await expect(vm).toPowerOff();
});
