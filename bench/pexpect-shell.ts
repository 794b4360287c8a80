import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { ResolvedImage } from "../src/image/recipe.ts";

/** A guest that pexpect drives at its prompt, as scripts do: a line, its exit code, the prompt. */
export interface PeerShell {
  /** Commands a second; `pause` is pexpect's delaybeforesend in seconds. */
  rate(commands: number, pause: number): Promise<number>;
  end(): void;
}

const script = `
import pexpect, sys, time
guest = pexpect.spawn(sys.argv[1], sys.argv[3:], timeout=120)
guest.expect_exact("petri# ")
print("ready", flush=True)
for asked in sys.stdin:
    count, pause = asked.split()
    guest.delaybeforesend = float(pause) or None
    started = time.monotonic()
    for n in range(int(count)):
        guest.sendline(sys.argv[2] + '; echo "rc=$?"')
        guest.expect(r"\\nrc=(\\d+)\\r+\\n")
        assert guest.match.group(1) == b"0"
        guest.expect_exact("petri# ")
    print(int(count) / (time.monotonic() - started), flush=True)
`;

/** Boots the image's kernel under a bare QEMU whose serial line is pexpect's, and waits for its prompt. */
export async function peerShell({ kernel, initrd, cmdline }: ResolvedImage, command: string): Promise<PeerShell> {
  const machine = ["-accel", "tcg", "-M", "pc", "-m", "1G", "-nodefaults", "-no-user-config", "-display", "none"];
  const files = ["-kernel", kernel?.file ?? "", "-initrd", initrd ?? "", "-append", cmdline ?? ""];
  const args = ["-c", script, "qemu-system-x86_64", command, ...machine, ...files, "-serial", "stdio"];
  const python = spawn("python3", args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: python.stdout });
  const ended = once(python, "exit").then(() => Promise.reject(new Error("pexpect ended early")));
  ended.catch(() => {});
  const next = async () => String((await Promise.race([once(lines, "line"), ended]))[0]);
  await next();
  return {
    rate: async (commands, pause) => {
      const told = next();
      python.stdin.write(`${commands} ${pause}\n`);
      return Number(await told);
    },
    // pexpect's guest goes with its terminal.
    end: () => python.kill("SIGTERM"),
  };
}
