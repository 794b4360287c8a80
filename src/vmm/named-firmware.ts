import type { Host } from "../host/host.ts";

/**
 * What the user named by these variables (or by their twins in the configuration file) and cannot be read. Falling
 * back to what the host has would boot other firmware than was asked for.
 */
export function unreadable(host: Host, named: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(named).flatMap(([variable, path]) =>
    path === undefined || host.readable(path) ? [] : [`${variable}=${path}`],
  );
}
