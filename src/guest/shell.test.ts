import { expect, test } from "vitest";
import { shellGuest } from "./shell.ts";
import { scriptedGuest } from "./test/scripted-guest.ts";

/** What a terminal shows: the line as typed, what the command prints, the next prompt. */
const shell = (line: string) =>
  `${line}\r\n${/^echo "<"'(.*)'">"$/.exec(line)?.[1]?.replace(/.*/, "<$&>\r\n") ?? ""}# `;

test("each echo says what it was given, not what an earlier one said", async () => {
  const guest = scriptedGuest(shell);
  const driver = shellGuest(guest.host, "# ");
  guest.print("ready\n# ");
  expect(await driver.echo("one")).toBe("one");
  expect(await driver.echo("two")).toBe("two");
  expect(await Promise.all([driver.echo("three"), driver.echo("four")])).toEqual(["three", "four"]);
});

test("a command waits for the prompt that follows the one before", async () => {
  const guest = scriptedGuest((line) => `${line}\r\n`);
  const driver = shellGuest(guest.host, "# ");
  guest.print("ready\n# ");
  await driver.reset();
  const second = driver.shutdown();
  await new Promise((resolve) => setImmediate(resolve));
  expect(guest.sent).toEqual(["reboot -f"]);
  guest.print("# ");
  await second;
  expect(guest.sent).toEqual(["reboot -f", "poweroff -f"]);
});

test("after a reset it starts over at the new boot's prompt", async () => {
  const guest = scriptedGuest(shell);
  const driver = shellGuest(guest.host, "# ");
  guest.print("ready\n# ");
  await driver.echo("before");
  guest.reboot();
  const after = driver.echo("after");
  guest.print("BIOS\r\nready\n# ");
  expect(await after).toBe("after");
});

test("a guest that was halted, and goes on, is asked for its line back; one that starts anew is not", async () => {
  // What runs the agent shows no prompt.
  const guest = scriptedGuest((line) => (line.startsWith("sh -c ") ? undefined : shell(line)));
  const driver = shellGuest(guest.host, "# ");
  const run = async () => {
    const cut = expect(driver.exec("true")).rejects.toThrow("the guest stopped");
    await expect.poll(() => guest.sent.at(-1)).toMatch(/^sh -c /);
    guest.stop(new Error("the guest stopped"));
    await cut;
  };
  guest.print("ready\n# ");
  await run();
  expect(await driver.echo("on it goes")).toBe("on it goes");
  expect(guest.sent.slice(1)).toEqual(["", ".", `echo "<"'on it goes'">"`]);
  await run();
  const before = guest.sent.length;
  guest.reboot();
  guest.print("\r\nready\n# ");
  expect(await driver.echo("anew")).toBe("anew");
  expect(guest.sent.slice(before)).toEqual([`echo "<"'anew'">"`]);
});

test("logs in once a boot, with a password if one is asked for", async () => {
  const answers: Record<string, string> = { root: "root\r\nPassword: ", secret: "\r\nWelcome.\r\n# " };
  const guest = scriptedGuest((line) => answers[line] ?? shell(line));
  const driver = shellGuest(guest.host, "# ", { user: "root", password: "secret" });
  guest.print("Debian 12\r\nready\nhost login: ");
  expect(await driver.echo("one")).toBe("one");
  expect(await driver.echo("two")).toBe("two");
  guest.reboot();
  guest.print("\r\nready\nhost login: ");
  expect(await driver.echo("three")).toBe("three");
  expect(guest.sent.filter((line) => !line.startsWith("echo"))).toEqual(["root", "secret", "root", "secret"]);
});

test("a program is run behind the login, which is typed by nobody else", async () => {
  const guest = scriptedGuest((line) => (line === "root" ? "root\r\n# " : undefined));
  const driver = shellGuest(guest.host, "# ", { user: "root" });
  const run = driver.exec("true", { timeout: "100ms" });
  guest.print("ready\nhost login: ");
  await expect(run).rejects.toThrow("no shell answers on com1");
  expect(guest.sent[0]).toBe("root");
  expect(guest.sent[1]).toMatch(/^sh -c /);
});

test("the kernel may print behind prompts and in their middle", async () => {
  const kernel = "[    3.141592] random: crng init done\r\n";
  const answers: Record<string, string> = {
    root: `root\r\nPass${kernel}word: ${kernel}`,
    secret: `\r\n${kernel}# ${kernel}`,
  };
  const guest = scriptedGuest((line) => answers[line] ?? `${shell(line)}${kernel}`);
  const driver = shellGuest(guest.host, "# ", { user: "root", password: "secret" });
  guest.print(`ready\nhost lo${kernel}gin: ${kernel}`);
  expect(await driver.echo("one")).toBe("one");
  expect(await driver.echo("two")).toBe("two");
});

test("what it cannot do is refused with what to do instead", async () => {
  const driver = shellGuest(scriptedGuest(shell).host, "# ");
  await expect(driver.reset("cf9")).rejects.toThrow('a Linux image chooses how it resets; leave "cf9" out');
  await expect(driver.hang()).rejects.toThrow("a Linux image cannot hang on command; use the image petri-guest");
  await expect(driver.echo("a\nreboot -f")).rejects.toThrow("give one line of printable text");
  await expect(driver.flood(1)).rejects.toThrow("a Linux image cannot flood its console; use the image petri-guest");
});
