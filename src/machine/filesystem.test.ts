import { expect, test } from "vitest";
import { readMachineOptions } from "./options.ts";
import { parseMachine } from "./validate.ts";

const kernel = { boot: { kind: "kernel" as const, kernel: "vmlinuz" } };
const shares = (...words: string[]) =>
  readMachineOptions([["uefi"], ...words.map((word) => ["virtio-9p", word] as const)]).overrides.filesystems;
const refusal = (action: () => unknown) => {
  try {
    action();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test("--virtio-9p is a tag and a path, and only the first comma divides them", () => {
  expect(shares("work,.", "src,/a,b=c")).toEqual([
    { kind: "9p", tag: "work", path: "." },
    { kind: "9p", tag: "src", path: "/a,b=c" },
  ]);
});

test.each(["work", "work,", ",/path", ""])("--virtio-9p %j is refused with its form", (word) => {
  expect(refusal(() => shares(word))).toContain("write TAG,PATH, such as work,/home/me/work");
});

test("a PCIe port before the tag is OpenVMM's, and not carried yet", () => {
  expect(refusal(() => shares("pcie_port=rp0:work,/path"))).toContain('"pcie_port" is not carried yet');
});

test("all that is wrong with shared folders is told at once", () => {
  const filesystems = [
    { kind: "9p", tag: "a", path: "/x", readonly: true },
    { kind: "virtiofs", tag: "a b", path: "" },
    { kind: "9p", tag: "x".repeat(32), path: "/x" },
  ];
  expect(refusal(() => parseMachine({ ...kernel, filesystems }))).toMatchInlineSnapshot(`
    "the machine has problems:
      - filesystems[0].readonly: unknown key: did you mean "readOnly"?
      - filesystems[1].kind: "virtiofs" is not accepted: write 9p
      - filesystems[1].tag: "a b" is not accepted: write 1 to 31 letters, digits, '.', '_' or '-'
      - filesystems[1].path: "" is not accepted: write the path of a file
      - filesystems[2].tag: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is not accepted: write 1 to 31 letters, digits, '.', '_' or '-'"
  `);
});

test("two folders cannot have one tag", () => {
  const filesystems = ["/x", "/y"].map((path) => ({ kind: "9p" as const, tag: "work", path }));
  expect(refusal(() => parseMachine({ ...kernel, filesystems }))).toMatchInlineSnapshot(
    `"filesystems[1].tag: work is already the tag of filesystems[0]: choose another"`,
  );
});
