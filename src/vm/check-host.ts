import type { Host } from "../host/host.ts";
import { HostError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { listOf } from "../machine/nearest.ts";
import { humanSize } from "../machine/size.ts";

const hugepagePools = "/sys/kernel/mm/hugepages";

/**
 * Looks whether the host has the memory, huge pages and every port that the machine asks for, since what VMMs say of it is hard to
 * read. Throws one HostError that names all it lacks. A port may still be taken between this look and the VMM's start.
 */
export async function checkHost(machine: Machine, host: Host): Promise<void> {
  const problems: string[] = [];
  const { size } = machine.memory;
  if (size > host.memoryBytes) {
    problems.push(
      `memory.size: ${humanSize(size)} is more than this host's ${humanSize(host.memoryBytes)}: write less`,
    );
  }
  problems.push(...lackingHugepages(machine, host));
  for (const { option, ...port } of wanted(machine)) {
    const obstacle = await host.listenObstacle(port);
    if (obstacle) problems.push(`${option}: ${port.protocol} ${port.address}:${port.port} ${obstacle}`);
  }
  if (problems.length > 0) throw new HostError(problems.join("\n"));
}

/** A VMM that gets fewer than it maps is told that memory cannot be allocated, or dies by SIGBUS when it touches them. */
function lackingHugepages({ memory }: Machine, host: Host): string[] {
  const pools = host.list(hugepagePools);
  if (!memory.hugepages || host.platform !== "linux" || pools.length === 0) return [];
  const pageBytes = memory.hugepageSize ?? defaultHugepage(host);
  const pool = `hugepages-${pageBytes / 1024}kB`;
  if (!pools.includes(pool)) {
    const sizes = pools.map((name) => Number(/\d+/.exec(name)?.[0]) * 1024).sort((a, b) => a - b);
    const said = listOf(sizes.map(humanSize), "and");
    return [`memory.hugepageSize: this host has no huge pages of ${humanSize(pageBytes)}, but of ${said}`];
  }
  const count = (name: string) => Number(host.readFile(`${hugepagePools}/${pool}/${name}`).toString());
  // Documentation/admin-guide/mm/hugetlbpage.rst: reserved ones are promised to others, surplus ones made on demand.
  const surplus = Math.max(0, count("nr_overcommit_hugepages") - count("surplus_hugepages"));
  const free = count("free_hugepages") - count("resv_hugepages") + surplus;
  const needed = Math.ceil(memory.size / pageBytes);
  if (free >= needed) return [];
  const all = count("nr_hugepages") + needed - free;
  return [
    `memory.hugepages: ${needed} huge pages of ${humanSize(pageBytes)} are needed, and this host has ${free} free: ` +
      `echo ${all} | sudo tee ${hugepagePools}/${pool}/nr_hugepages`,
  ];
}

/** Bytes of the pages that a VMM gets if it does not say which (proc_meminfo(5)); 2 MB where that is not told. */
function defaultHugepage(host: Host): number {
  const text = host.readable("/proc/meminfo") ? host.readFile("/proc/meminfo").toString() : "";
  return Number(/^Hugepagesize:\s+(\d+) kB$/m.exec(text)?.[1] ?? 2048) * 1024;
}

function wanted({ nics, display }: Machine) {
  const forwards = nics.flatMap(({ backend, forward }, nic) =>
    (backend === "user" ? forward : []).map(({ protocol, hostAddress, hostPort }, index) => ({
      ...{ option: `nics[${nic}].forward[${index}]`, protocol, address: hostAddress, port: hostPort },
    })),
  );
  if (typeof display !== "object") return forwards;
  const { listen: address, port } = display.vnc;
  return [...forwards, { option: "display.vnc", protocol: "tcp" as const, address, port }];
}
