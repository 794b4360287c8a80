import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { GuestChannel } from "../channel.ts";
import { ExecResult } from "../exec.ts";
import { authorizeKey } from "./authorize.ts";
import { newKeyPair } from "./keys.ts";

const always = new AbortController().signal;

/** A guest that answers so, whatever it is told to run. */
function answering(stdout: string, stderr: string, exitCode: number): { channel: GuestChannel; told: string[] } {
  const told: string[] = [];
  const exec: GuestChannel["exec"] = async (command) => {
    told.push(...command);
    const said = { stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
    return new ExecResult({ ...said, exitCode, signal: null, command: "", durationMs: 0 });
  };
  return { channel: { exec } as GuestChannel, told };
}

test("the guest's host keys are learned, and what is no key is refused", async () => {
  const keys = [newKeyPair("one"), newKeyPair("two")].map(({ publicKey }) => publicKey);
  const known = await authorizeKey(answering(`${keys.join("\n")}\n`, "", 0).channel, "ssh-ed25519 AAAA", always);
  expect(known.map((key) => key.toString("base64"))).toEqual(keys.map((key) => key.split(" ")[1]));
  await expect(authorizeKey(answering("hello\n", "", 0).channel, "k", always)).rejects.toThrow("is no public key");
  await expect(authorizeKey(answering("", "sh: ssh-keygen: not found\n", 127).channel, "k", always)).rejects.toThrow(
    "ssh: the guest does not take a key, or has no sshd: sh: ssh-keygen: not found",
  );
  await expect(authorizeKey(answering("", "", 0).channel, "k", always)).rejects.toThrow("it has no host key");
});

test("a key is added to those that are there, for its owner only", async () => {
  const { channel, told } = answering("", "", 1);
  await expect(authorizeKey(channel, "the key", always)).rejects.toThrow();
  const home = mkdtempSync(join(tmpdir(), "authorize-"));
  try {
    // All but the folder of the host keys is as the guest runs it.
    const [program = "", ...args] = [...told.slice(0, -1), home];
    const inHome = () => {
      try {
        execFileSync(program, args, { env: { ...process.env, HOME: home }, stdio: "ignore" });
      } catch {
        // This host may have no ssh-keygen.
      }
    };
    inHome();
    const file = join(home, ".ssh/authorized_keys");
    expect(readFileSync(file, "utf8")).toBe("the key\n");
    expect([join(home, ".ssh"), file].map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual(["700", "600"]);
    writeFileSync(file, "another\n");
    chmodSync(file, 0o600);
    inHome();
    expect(readFileSync(file, "utf8")).toBe("another\nthe key\n");
  } finally {
    rmSync(home, { recursive: true });
  }
});
