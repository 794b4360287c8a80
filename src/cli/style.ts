/** Bold on a terminal that wants it (https://no-color.org); check `isOn` first. */
export function bold(text: string): string {
  return `\u001b[1m${text}\u001b[22m`;
}

bold.isOn = (stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean =>
  stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
