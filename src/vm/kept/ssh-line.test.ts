import { expect, test } from "vitest";
import type { ResolvedImage } from "../../image/recipe.ts";
import { machineSchema } from "../../machine/machine.ts";
import { sshLine } from "./ssh-line.ts";

const boot = { kind: "kernel", kernel: "/k" } as const;
const forwarded = machineSchema.parse({ boot, nics: [{ forward: [{ hostPort: 2222, guestPort: 22 }] }] });
// What the line is made of, of an image.
const imageWith = (facts: Pick<ResolvedImage, "ssh" | "login">) => facts as ResolvedImage;

test("one logs in as the image says, where a port leads to its sshd", () => {
  const known = "ssh -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no";
  expect(sshLine(forwarded, imageWith({ ssh: { key: "/keys/it's mine" } }))).toBe(
    `${known} -i '/keys/it'\\''s mine' -p 2222 root@127.0.0.1`,
  );
  expect(sshLine(forwarded, imageWith({ ssh: { password: "x" }, login: { user: "me" } }))).toBe(
    `${known} -p 2222 me@127.0.0.1`,
  );
});

test("there is none where nobody may log in, or no port leads there", () => {
  expect(sshLine(forwarded, imageWith({ ssh: {} }))).toBeUndefined();
  expect(sshLine(forwarded, imageWith({ ssh: { password: "x", port: 2200 } }))).toBeUndefined();
  expect(sshLine(machineSchema.parse({ boot }), imageWith({ ssh: { password: "x" } }))).toBeUndefined();
  expect(sshLine(forwarded, undefined)).toBeUndefined();
});
