import { expect, test } from "vitest";
import { redact, redacted } from "./plan-record.ts";

const args = (...list: string[]) => redact({ args: list }).args;

test.each([
  [
    ["--password", "hunter2"],
    ["--password", redacted],
  ],
  [
    ["--password=hunter2", "-m", "1G"],
    [`--password=${redacted}`, "-m", "1G"],
  ],
  [
    ["--api-key", "abc"],
    ["--api-key", redacted],
  ],
  [
    ["-append", "console=ttyS0 root.password=x quiet"],
    ["-append", `console=ttyS0 root.password=${redacted} quiet`],
  ],
  [
    ["-object", "secret,id=s0,data=abc,format=raw"],
    ["-object", `secret,id=s0,data=${redacted},format=raw`],
  ],
  [
    ["-drive", "file=https://me:pw@host/disk.qcow2"],
    ["-drive", `file=https://me:${redacted}@host/disk.qcow2`],
  ],
  [["ghp_0123456789abcdef"], [redacted]],
  [["-----BEGIN OPENSSH PRIVATE KEY-----\nAAA\n-----END OPENSSH PRIVATE KEY-----\n"], [`${redacted}\n`]],
])("%j becomes %j", (given, expected) => {
  expect(args(...given)).toEqual(expected);
});

test("what only sounds like a secret is kept", () => {
  const harmless = ["--password-file", "/run/pw", "--keyboard", "us", "--password", "-m", "keymap=de", "-k", "de"];
  expect(args(...harmless)).toEqual(harmless);
});

test("environment variables are redacted by name, the rest of the plan stays as it is", () => {
  const plan = { run: { file: "qemu", env: { VNC_PASSWORD: "x", SSH_KEY: "y", PATH: "/bin" } }, n: 1, none: null };
  expect(redact(plan)).toEqual({
    run: { file: "qemu", env: { VNC_PASSWORD: redacted, SSH_KEY: redacted, PATH: "/bin" } },
    n: 1,
    none: null,
  });
});
