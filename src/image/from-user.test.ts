import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { imageFromUser } from "./from-user.ts";

const folder = await mkdtemp(join(tmpdir(), "petri-user-"));
async function file(name: string, data: Buffer): Promise<string> {
  await writeFile(join(folder, name), data);
  return join(folder, name);
}

const bzImage = Buffer.alloc(2048);
bzImage.write("HdrS\x0f\x02", 0x202, "latin1");
bzImage.writeUInt8(1, 0x236);

test("a kernel comes back with what its contents say", async () => {
  const kernel = await file("vmlinuz", bzImage);
  const initrd = await file("initrd", Buffer.from("070701"));
  const image = await imageFromUser({ kernel, initrd, cmdline: "console=ttyS0", ready: /login:/m });
  expect(image).toMatchObject({
    ...{ name: "vmlinuz", boot: "kernel", cpuMode: 64, driver: "none", cmdline: "console=ttyS0", initrd },
    kernel: { file: kernel, format: "bzImage" },
    ready: { source: "login:", flags: "m" },
  });
  expect(Object.keys(image.digests)).toEqual([kernel, initrd]);
});

test("a disk's format is found from its contents; a login makes it a shell to talk to", async () => {
  const disk = await file("cloud.img", Buffer.from("QFI\xfb", "latin1"));
  const image = await imageFromUser({ disk, boot: "pcat", login: { user: "root" } });
  expect(image).toMatchObject({ disk: { file: disk, format: "qcow2" }, boot: "pcat", driver: "shell", digests: {} });
});

test("a file may be forced to be raw, whatever it looks like", async () => {
  const disk = await file("nested.raw", Buffer.from("QFI\xfb", "latin1"));
  expect((await imageFromUser({ disk, format: "raw" })).disk?.format).toBe("raw");
  await expect(imageFromUser({ disk, format: "vhdx" })).rejects.toThrow("format is vhdx");
});

test("everything that is wrong is said at once", async () => {
  const kernel = await file("not-a-kernel", Buffer.from("#!/bin/sh\n"));
  const disk = await file("disk.qcow2", Buffer.alloc(1024));
  const wrong = imageFromUser({ kernel, disk, initrd: join(folder, "nowhere"), boot: "uefi" });
  const message = await wrong.catch((error: Error) => error.message.replaceAll(folder, "FOLDER"));
  expect(message).toMatchInlineSnapshot(`
    "this image cannot be booted:
      - an image is either a disk or a kernel: give exactly one of them
      - boot says how a disk starts; a kernel is started directly
      - kernel FOLDER/not-a-kernel: it is a script, not a kernel (a bzImage, an ELF with a PVH or multiboot entry, or an arm64 Image)
      - disk FOLDER/disk.qcow2: disk.qcow2 is called .qcow2 but its contents are raw data without a boot sector
      - initrd FOLDER/nowhere: there is no such file"
  `);
});

test("a folder, and a file of another user, are told apart", async () => {
  await expect(imageFromUser({ disk: folder })).rejects.toThrow("it is a folder");
  const secret = await file("secret.raw", Buffer.alloc(512));
  await chmod(secret, 0o000);
  if (process.getuid?.() !== 0) await expect(imageFromUser({ disk: secret })).rejects.toThrow("may not be read");
});

test("an SSH server's key is one, and can be read", async () => {
  const disk = await file("with-sshd.img", Buffer.from("QFI\xfb", "latin1"));
  const key = await file("id", Buffer.from("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
  expect((await imageFromUser({ disk, ssh: { key, user: "me" } })).ssh).toEqual({ key, user: "me" });
  const pub = await file("id.pub", Buffer.from("ssh-ed25519 AAAA me\n"));
  await expect(imageFromUser({ disk, ssh: { key: pub } })).rejects.toThrow(
    /ssh\.key .*id\.pub: it is no private key in OpenSSH's or PEM's form/,
  );
  await expect(imageFromUser({ disk, ssh: { key: `${pub}.none` } })).rejects.toThrow("there is no such file");
});
