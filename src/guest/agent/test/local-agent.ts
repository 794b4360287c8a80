import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { AgentChannel } from "../agent-channel.ts";

const binary = fileURLToPath(new URL("../../../../fixtures/petri-agent/built/petri-agent.x86_64", import.meta.url));
export const canRunAgent = process.platform === "linux" && process.arch === "x64";

/** A folder with petri-agent as an image has it: the one in the package is a file like any other. */
export function agentFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "petri-agent-"));
  const program = join(dir, "petri-agent");
  copyFileSync(binary, program);
  chmodSync(program, 0o755);
  return dir;
}

/** petri-agent on this machine, with a socket where a guest's has a port. */
export function localAgent(env: NodeJS.ProcessEnv = { PATH: "/usr/bin:/bin", HOME: "/" }) {
  const dir = agentFolder();
  const agent = spawn(join(dir, "petri-agent"), ["serve", "fd:3"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    env,
  });
  // A pipe of Node's is a pair of Unix sockets.
  const transport = agent.stdio[3] as Duplex;
  transport.on("error", () => {});
  const over = new AbortController();
  return {
    agent,
    transport,
    over,
    channel: (through: Duplex = transport) =>
      AgentChannel.open("virtio-serial", through, { where: "a socket", timeoutMs: 5_000, signal: over.signal }),
    end: async () => {
      rmSync(dir, { recursive: true, force: true });
      if (agent.exitCode !== null || agent.signalCode !== null) return;
      const exited = once(agent, "exit");
      agent.kill("SIGKILL");
      await exited;
    },
  };
}
