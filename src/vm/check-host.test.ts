import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { localHost } from "../host/local.ts";
import { type MachineInput, machineSchema } from "../machine/machine.ts";
import { checkHost } from "./check-host.ts";

const check = (part: Partial<MachineInput>) =>
  checkHost(machineSchema.parse({ boot: { kind: "kernel", kernel: "/k" }, ...part }), localHost);

async function usedTcpPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

async function usedUdpPort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  onTestFinished(() => void socket.close());
  await once(socket, "listening");
  return socket.address().port;
}

test("every port that is in use is named, with its option", async () => {
  const [tcp, udp, vnc] = [await usedTcpPort(), await usedUdpPort(), await usedTcpPort()];
  const error = await check({
    nics: [
      {
        forward: [
          { hostPort: tcp, guestPort: 22 },
          { protocol: "udp", hostPort: udp, guestPort: 53 },
        ],
      },
    ],
    display: { vnc: { listen: "127.0.0.1", port: vnc } },
  }).catch((reason: Error) => reason);
  expect(error).toMatchObject({
    exitCode: 71,
    message: [
      `nics[0].forward[0]: tcp 127.0.0.1:${tcp} is in use: stop what uses it, or choose another`,
      `nics[0].forward[1]: udp 127.0.0.1:${udp} is in use: stop what uses it, or choose another`,
      `display.vnc: tcp 127.0.0.1:${vnc} is in use: stop what uses it, or choose another`,
    ].join("\n"),
  });
});

test("a port of one protocol is free for the other, and looking does not take it", async () => {
  const port = await usedTcpPort();
  const forward = [{ protocol: "udp" as const, hostPort: port, guestPort: 22 }];
  await check({ nics: [{ forward }] });
  await check({ nics: [{ forward }] });
});

test("an address that is not this host's is said so", async () => {
  const forward = [{ hostAddress: "192.0.2.1", hostPort: 2222, guestPort: 22 }];
  await expect(check({ nics: [{ forward }] })).rejects.toThrow(/192\.0\.2\.1:2222 is on no network card of this host/);
});

test("more memory than the host has is said together with the ports", async () => {
  const port = await usedTcpPort();
  const machine = { memory: { size: "1024T" }, nics: [{ forward: [{ hostPort: port, guestPort: 22 }] }] };
  await expect(check(machine)).rejects.toThrow(/^memory\.size: 1024 TiB is more than this host's .*: write less\nnics/);
});
