import type { Host } from "../host/host.ts";
import { HostError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { humanSize } from "../machine/size.ts";

/**
 * Looks whether the host has the memory and every port that the machine asks for, since what VMMs say of it is hard to
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
  for (const { option, ...port } of wanted(machine)) {
    const obstacle = await host.listenObstacle(port);
    if (obstacle) problems.push(`${option}: ${port.protocol} ${port.address}:${port.port} ${obstacle}`);
  }
  if (problems.length > 0) throw new HostError(problems.join("\n"));
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
