import type { Host } from "../host/host.ts";

/** The release of a BSD, such as `14.2` where uname(1) says `14.2-RELEASE-p1`; undefined if it does not say. */
export async function osRelease(host: Host, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const { stdout } = await host.run("uname", ["-r"], { timeoutMs: 10_000, ...(signal ? { signal } : {}) });
    return /^\d+\.\d+/.exec(stdout.toString())?.[0];
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
