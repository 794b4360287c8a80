import { expect, test } from "vitest";
import { findInText, NotOurs } from "./find-command.ts";

test.each([
  ["/usr/bin/qemu-system-x86_64 -m 1G", "qemu", "qemu-system-x86_64", ["-m", "1G"]],
  ["sudo -E -u kvm env A=1 B='2 3' nice -n 5 qemu-kvm -m 1", "qemu", "qemu-kvm", ["-m", "1"]],
  ["A=1 exec bhyve vm", "bhyve", "bhyve", ["vm"]],
  ["# bhyve -c 1 vm", "bhyve", "bhyve", ["-c", "1", "vm"]],
  ["$ qemu-system-i386 -m 1", "qemu", "qemu-system-i386", ["-m", "1"]],
  ["while true; do bhyve vm; done", "bhyve", "bhyve", ["vm"]],
  ["bhyveload -m 1G vm && bhyve -m 1G vm", "bhyve", "bhyve", ["-m", "1G", "vm"]],
  ["bash -c 'cd x; qemu-system-x86_64 -m 1'", "qemu", "qemu-system-x86_64", ["-m", "1"]],
  ["\x24{QEMU} -m 1", "qemu", "\x24{QEMU}", ["-m", "1"]],
  ["cargo run --release -p openvmm -- --uefi", "openvmm", "openvmm", ["--uefi"]],
  ["timeout -s KILL 10m qemu-system-arm -M virt", "qemu", "qemu-system-arm", ["-M", "virt"]],
])("%s", (text, source, program, args) => {
  expect(findInText(text)).toMatchObject({ source, program, args });
});

test("what stands around it is told", () => {
  expect(
    findInText("cd x && sudo qemu-system-x86_64 -m $M ... 2>&1 | tee log").notCarried.map(({ option }) => option),
  ).toEqual(["sudo", "2>&1", "cd x", "tee log", "...", "$M"]);
});

test.each([
  "qemu-img info a",
  "qemu-aarch64 ./a",
  "xhyve -m 1G",
  "cargo build",
  "cargo run -p other -- x",
  "echo qemu",
  "",
  "# a comment",
])("%s is another program", (text) => {
  expect(() => findInText(text)).toThrow(NotOurs);
});

test("a file that cp makes first is known by what it is a copy of", () => {
  const found = findInText("mkdir -p run && cp vars.fd run/v.fd; cp -f a.img b.img && qemu-system-x86_64 -hda b.img");
  expect([...found.copies]).toEqual([
    ["run/v.fd", "vars.fd"],
    ["b.img", "a.img"],
  ]);
  expect(found.notCarried).toEqual([]);
});
