import { UnexpectedOutput } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const kernel = { on: matrix({ boot: "kernel", image: "petri-guest" }) };

vmTest("the first of several, in the stream's order and not the list's", kernel, async ({ vm, guest }) => {
  await guest.ready();
  const console = vm.console().cursor("now");
  vm.console().sendLine("echo alpha");
  vm.console().sendLine("echo beta");
  const patterns = ["ok gamma", /^ok b\w+$/, /^ok (?<word>al\w+)$/];
  expect(await console.expectAny(patterns)).toMatchObject({ index: 2, groups: { word: "alpha" } });
  expect(await console.expectAny(patterns)).toMatchObject({ index: 1, text: "ok beta" });
  await expect(console.expectAny(patterns, { timeout: 50 })).rejects.toThrow(/any of "ok gamma"/);
  expect(await console.expectAny([/$/, "never"])).toMatchObject({ index: 0 });
});

vmTest("whole lines, in order, one behind the other or in any order", kernel, async ({ vm, guest }) => {
  await guest.ready();
  const [first, second, third] = [1, 2, 3].map(() => vm.console().cursor("now"));
  for (const word of ["one", "two", "three"]) vm.console().sendLine(`echo ${word}`);
  expect(await first?.expectLines(["ok one", /three$/])).toMatchObject([{ text: "ok one" }, { text: "three" }]);
  expect(await second?.expectLines(["ok three", "ok one"], { ordered: false })).toMatchObject([
    { text: "ok three" },
    { text: "ok one" },
  ]);
  await expect(third?.expectLines(["ok one", "ok three"], { consecutive: true, timeout: 50 })).rejects.toThrow(
    '1 of the 2 lines came, but then "ok two" instead of "ok three"',
  );
  await third?.expectLines(["ok one", "ok two", "ok three"], { consecutive: true });
});

vmTest("an absence ends with the guest's power, and sees the last bytes before it", kernel, async ({ vm, guest }) => {
  await guest.ready();
  const console = vm.console().cursor("now");
  const quiet = console.expectNot("error", { until: vm.power.next("shutdown") });
  const loud = console.expectNot(/^ok shutdown$/, { during: "60s" });
  await guest.shutdown();
  await quiet;
  await expect(loud).rejects.toThrow(UnexpectedOutput);
  // The guest is off: there is nothing to wait for.
  await console.expectNot("error", { during: "60s" });
});

const linux = { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" }), timeout: "180s" };

vmTest("text that the kernel talks into is matched as if it had not", linux, async ({ vm, guest }) => {
  await guest.ready();
  const count = 300;
  const line = (n: number | string) => `the quick brown fox number ${n} jumps over the lazy dog`;
  // A user of /dev/kmsg is held to a few lines a second, and quiet levels are not shown.
  const chatter =
    "echo on > /proc/sys/kernel/printk_devkmsg; dmesg -n 8; while :; do echo '<4>chatter' > /dev/kmsg; done";
  const talk = `n=0; while [ $n -lt ${count} ]; do echo "${line("$n")}"; n=$((n+1)); done`;
  const console = vm.console().cursor("now");
  const start = console.position;
  vm.console().sendLine(`(${chatter}) & ${talk}; kill $!; wait; echo "all" "said"`);

  const lines = Array.from({ length: count }, (_, n) => line(n));
  const matches = await console.expectLines(lines, { consecutive: true, tolerateKernelMessages: true });
  expect(matches.map(({ text }) => text)).toEqual(lines);
  await console.expect(/^all said$/, { tolerateKernelMessages: true });

  // The kernel did talk into lines, so looking at the text as it stands finds not all of them.
  const interrupted =
    vm
      .console()
      .text({ start })
      .match(/[a-z ]\[ *\d+\.\d{6}\](\[ *\w+\])? chatter$/gm) ?? [];
  expect(interrupted.length).toBeGreaterThan(0);
  const plain = vm.console().cursor(start).expectLines(lines, { timeout: 100 });
  await expect(plain).rejects.toThrow(/To look past them: \{ tolerateKernelMessages: true \}/);
});
