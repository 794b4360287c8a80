import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Host } from "../host/host.ts";
import { localHost } from "../host/local.ts";
import { type MachineInput, machineSchema } from "../machine/machine.ts";
import { checkHost } from "./check-host.ts";

const check = (part: Partial<MachineInput>, host = localHost) =>
  checkHost(machineSchema.parse({ boot: { kind: "kernel", kernel: "/k" }, ...part }), host);

/** A Linux with these pools of huge pages, 2M by default. */
function hostWith(pools: Record<string, Record<string, number>>): Host {
  const root = "/sys/kernel/mm/hugepages";
  const counts = { nr_hugepages: 0, free_hugepages: 0, resv_hugepages: 0, ...none };
  const files = Object.entries(pools).flatMap(([pool, own]) =>
    Object.entries({ ...counts, ...own }).map(([name, count]) => [`${root}/${pool}/${name}`, `${count}\n`] as const),
  );
  const texts = new Map([["/proc/meminfo", "HugePages_Total: 0\nHugepagesize:       2048 kB\n"], ...files]);
  return {
    ...localHost,
    platform: "linux",
    list: (dir) => (dir === root ? Object.keys(pools) : []),
    readable: (path) => texts.has(path),
    readFile: (path) => Buffer.from(texts.get(path) ?? ""),
  };
}

const none = { nr_overcommit_hugepages: 0, surplus_hugepages: 0 };

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

test("huge pages must be there, free and not promised to others", async () => {
  const memory = { size: "64M", hugepages: true, shared: true };
  const small = (own: Record<string, number>) => hostWith({ "hugepages-2048kB": own, "hugepages-1048576kB": {} });
  await check({ memory }, small({ free_hugepages: 32 }));
  await check({ memory }, small({ free_hugepages: 30, nr_overcommit_hugepages: 3, surplus_hugepages: 1 }));
  await check({ memory: { size: "64M" } }, small({}));
  await expect(check({ memory }, small({ nr_hugepages: 50, free_hugepages: 40, resv_hugepages: 9 }))).rejects.toThrow(
    "memory.hugepages: 32 huge pages of 2 MiB are needed, and this host has 31 free: " +
      "echo 51 | sudo tee /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
  );
  await expect(check({ memory: { ...memory, hugepageSize: "1G" } }, small({ free_hugepages: 99 }))).rejects.toThrow(
    "memory.hugepages: 1 huge pages of 1 GiB are needed, and this host has 0 free",
  );
  await expect(check({ memory: { ...memory, hugepageSize: "16M" } }, small({}))).rejects.toThrow(
    "memory.hugepageSize: this host has no huge pages of 16 MiB, but of 2 MiB and 1 GiB",
  );
});

test("a host that tells nothing of huge pages leaves the answer to the VMM", async () => {
  await check({ memory: { size: "64M", hugepages: true, shared: true } }, hostWith({}));
});
