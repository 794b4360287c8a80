import { once } from "node:events";
import { createConnection } from "node:net";
import { expect, matrix, vmTest } from "petri-vm/test";
import { onTestFinished } from "vitest";
import { freePort } from "../free-port.ts";
import { quietShell } from "./in-linux.ts";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });
const guestPort = 4000;
/** As /proc/net/tcp and tcp6 have it: its own end, no other end, and the state LISTEN (Linux, proc_net_tcp.rst). */
const listening = `:${guestPort.toString(16).toUpperCase().padStart(4, "0")} 0+:0000 0A`;

vmTest("a forwarded port of the host leads into the guest, both ways", { on, vms: 2 }, async ({ boot }) => {
  const hostPort = await freePort();
  const vm = await boot({ machine: { nics: [{ forward: [{ hostPort, guestPort }] }] } });
  const says = await quietShell(vm);
  // The address that the VMM's NAT forwards to; no DHCP client has to be there.
  await says("ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0; echo up=$?", /^up=0\r?$/m);
  vm.console().sendLine(`mkfifo /tmp/say; nc -l -p ${guestPort} 0<>/tmp/say >/tmp/heard &`);
  await says(
    `until grep -q -E '${listening}' /proc/net/tcp*; do usleep 10000; done; echo listens=$?`,
    /^listens=0\r?$/m,
  );

  const client = createConnection(hostPort, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  let heard = "";
  client.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  await once(client, "connect");
  client.write("hello from the host\n");
  await says(
    "until grep -q host /tmp/heard; do usleep 10000; done; echo heard=$(cat /tmp/heard)",
    /^heard=hello from the host\r?$/m,
  );
  vm.console().sendLine("echo hello from the guest >/tmp/say");
  await expect.poll(() => heard, { timeout: 20_000 }).toBe("hello from the guest\n");
  client.end();
  await says("wait; echo hung-up=$?", /^hung-up=0\r?$/m);
});
