import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";

/**
 * GitHub's runner obeys workflow commands in what a step prints, whoever printed them. From here to the end of this
 * process it obeys none: `::stop-commands::TOKEN` holds until `::TOKEN::` (GitHub Actions, "Workflow commands",
 * "Stopping and starting workflow commands"). No guest guesses the token. Returns what to write first.
 */
export function stopWorkflowCommands(stream: NodeJS.WriteStream & { readonly fd?: number }, env = process.env): string {
  if (env.GITHUB_ACTIONS !== "true") return "";
  const token = randomBytes(16).toString("hex");
  process.once("exit", () => {
    try {
      writeSync(stream.fd ?? 1, `\n::${token}::\n`);
    } catch {
      // Nobody reads any more: then nobody obeys, either.
    }
  });
  return `::stop-commands::${token}\n`;
}
