import { z } from "zod";

/** Where petri-agent serves the host, if the machine has such a port (fixtures/petri-agent/src/serve.c). */
export const agentPortName = "petri.agent";

/** One controller has 31 ports (virtio 1.2, 5.3), of which a console may be the first. */
const mostPorts = 30;
const form = "write a name of letters, digits, '.', '_' and '-', at most 63";

/** Byte streams between host and guest; Linux has them as /dev/virtio-ports/NAME where udev runs. */
export const portsSchema = z
  .array(z.string({ error: form }).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, form))
  .max(mostPorts, `a machine has at most ${mostPorts} ports`)
  .default([])
  .describe(`virtio-serial ports by name; ${agentPortName} is what petri-agent serves`);
