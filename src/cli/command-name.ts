/** How the user calls Petri, for what is to be typed next: npx sets npm_command for what it starts. */
export function commandName(env: NodeJS.ProcessEnv = process.env): string {
  return env.npm_command === "exec" ? "npx petri" : "petri";
}
