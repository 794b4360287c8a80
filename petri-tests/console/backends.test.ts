import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";
import { onTestFinished } from "vitest";

const on = matrix({ boot: "kernel", image: "petri-guest" });

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "petri-backends-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function until(socket: Socket, text: string): Promise<string> {
  let seen = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    seen += chunk;
    if (seen.includes(text)) break;
  }
  return seen;
}

vmTest(
  "a console that listens is read and typed to from outside, and recorded too",
  { on, vms: 2 },
  async ({ boot }) => {
    const path = join(newFolder(), "com1.sock");
    const vm = await boot({ machine: { consoles: { com1: `listen=${path}` } } });
    const client = connect(path);
    await once(client, "connect");
    expect(await until(client, "ready kernel")).toMatch(/^petri-guest ready kernel/m);
    client.write("echo from outside\n");
    expect(await until(client, "ok from outside")).toContain("ok from outside");
    await expect(vm.console()).toPrint("ok from outside");
    const closed = once(client, "close");
    await vm.quit();
    await closed;
    expect(existsSync(path)).toBe(false);
  },
);

vmTest("a console's file gets every byte that is recorded", { on, vms: 2 }, async ({ boot }) => {
  const file = join(newFolder(), "com1.txt");
  const vm = await boot({ machine: { consoles: { com1: `file=${file}` } } });
  await vm.guest.flood(100_000);
  await vm.quit();
  const recorded = readFileSync(join(vm.traceDir, "com1.log"));
  expect(recorded.length).toBeGreaterThan(100_000);
  expect(readFileSync(file).equals(recorded)).toBe(true);
});

vmTest(
  "a console on a stream of the test's own process is refused, and says what to write",
  { on, vms: 2 },
  async ({ boot }) => {
    await expect(boot({ machine: { consoles: { com1: "console", com2: "stderr" } } })).rejects.toThrow(
      /consoles\.com1: console is a stream of this process[\s\S]*write "capture"[\s\S]*consoles\.com2: stderr/,
    );
  },
);
