import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { HostError } from "../machine/errors.ts";

/**
 * The JavaScript file of a module (named without its extension) that runs as a thread or process of its own. Node 20 cannot load TypeScript, so a
 * checkout that runs from `src/` uses the compiled twin under `dist/`.
 */
export function compiledModule(base: string, relative: string): string {
  const path = fileURLToPath(new URL(`${relative}.js`, base));
  if (!base.endsWith(".ts")) return path;
  const compiled = path.replace(/([\\/])src([\\/])(?!.*[\\/]src[\\/])/, "$1dist$2");
  if (!existsSync(compiled)) {
    throw new HostError(`${compiled} is missing: the checkout is not built\n  run: npm run build`);
  }
  return compiled;
}
