/** `round 3 of 10`, before each round of `--repeat-until-fail`. */
export function announceRound(round: number, most: number): void {
  process.stdout.write(`round ${round}${Number.isFinite(most) ? ` of ${most}` : ""}\n`);
}
