import { expect, test } from "vitest";
import { petriGuest } from "./petri-guest.ts";
import { scriptedGuest } from "./test/scripted-guest.ts";

test("each command gets its own answer, however they are sent", async () => {
  const guest = scriptedGuest((line) => `${line.replace(/^echo/, "ok")}\n`);
  const driver = petriGuest(guest.host);
  guest.print("ready\n");
  expect(await Promise.all(["a", "b b", ""].map((text) => driver.echo(text)))).toEqual(["a", "b b", ""]);
});

test("nothing is typed before the guest is ready, nor before it is ready again", async () => {
  const guest = scriptedGuest((line) => `${line.replace(/^echo/, "ok")}\n`);
  const driver = petriGuest(guest.host);
  const first = driver.echo("first");
  expect(guest.sent).toEqual([]);
  guest.print("ready\n");
  expect(await first).toBe("first");
  guest.reboot();
  const second = driver.echo("second");
  await new Promise((resolve) => setImmediate(resolve));
  expect(guest.sent).toEqual(["echo first"]);
  guest.print("ready\n");
  expect(await second).toBe("second");
});

test("an error of the guest is one of the call, and the next command goes on", async () => {
  const guest = scriptedGuest((line) => (line === "reset efi" ? "error no efi\n" : "ok \n"));
  const driver = petriGuest(guest.host);
  guest.print("ready\n");
  await expect(driver.reset("efi")).rejects.toThrow('petri-guest could not do "reset efi": no efi');
  await driver.shutdown();
});

test("the info line is read into facts", async () => {
  const guest = scriptedGuest(() => 'ok boot=kernel mode=64 vendor="Genuine Petri" memory=134217728\n');
  const driver = petriGuest(guest.host);
  guest.print("ready\n");
  expect(await driver.info()).toEqual({ boot: "kernel", mode: "64", vendor: "Genuine Petri", memory: "134217728" });
});

test("a flood may hold lines that look like answers", async () => {
  const guest = scriptedGuest(() => "ok nothing\nerror none\nok flood 21 crc32=0badcafe\n");
  const driver = petriGuest(guest.host);
  guest.print("ready\n");
  expect(await driver.flood(21, 7)).toEqual({ bytes: 21, crc32: "0badcafe" });
  expect(guest.sent).toEqual(["flood 21 7"]);
});

test("a triple fault is expected from the moment it is asked for", async () => {
  const guest = scriptedGuest(() => "ok\n");
  const driver = petriGuest(guest.host);
  guest.print("ready\n");
  await driver.tripleFault();
  expect(guest.crashes).toEqual(["triple-fault"]);
});

test("a text of several lines is refused: each would be a command", async () => {
  const guest = scriptedGuest(() => "ok\n");
  const driver = petriGuest(guest.host);
  guest.print("ready\n");
  await expect(driver.echo("a\nshutdown")).rejects.toThrow("give one line of printable text");
  expect(guest.sent).toEqual([]);
});
