import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Where built images live: $PETRI_CACHE, else $XDG_CACHE_HOME/petri, else ~/.cache/petri. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.PETRI_CACHE) return resolve(env.PETRI_CACHE);
  // The XDG base directory specification wants relative values ignored.
  const xdg = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(xdg, "petri");
}
