/** One figure of a benchmark. `floor` is what the same thing costs without Petri, measured in the same run. */
export interface Figure {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly floor: number;
  readonly ratio: number;
}

export interface Contender {
  readonly name: string;
  /** One run; resolves with what it took, in the bench's unit. */
  readonly run: () => Promise<number>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * Runs the contenders in turn (A B A B …), so that a machine whose speed drifts is unfair to nobody, after one round
 * that is not counted. The first one is the floor; ratios are the median of those of each round.
 */
export async function compare(
  bench: string,
  unit: string,
  contenders: readonly [Contender, ...Contender[]],
  rounds: number,
): Promise<Figure[]> {
  console.error(`${bench} …`);
  const samples = contenders.map(() => [] as number[]);
  for (let round = -1; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const value = await contender.run();
      console.error(`  ${contender.name}: ${value.toFixed(1)} ${unit}${round < 0 ? " (not counted)" : ""}`);
      if (round >= 0) samples[index]?.push(value);
    }
  }
  const floors = samples[0] ?? [];
  console.log(`\n${bench} (${rounds} rounds, ${unit}; min median max, ratio to ${contenders[0].name})`);
  return contenders.map(({ name }, index) => {
    const values = samples[index] ?? [];
    const ratio = median(values.map((value, round) => value / (floors[round] ?? Number.NaN)));
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const cells = [min, median(values), max].map((value) => value.toFixed(1).padStart(9)).join("");
    console.log(`  ${name.padEnd(44)}${cells}  ${ratio.toFixed(3)}`);
    return { bench, metric: name, value: median(values), floor: median(floors), ratio };
  });
}

/** The machine-readable form: one JSON line a figure. */
export function printFigures(figures: readonly Figure[]): void {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  for (const { bench, metric, value, floor, ratio } of figures) {
    console.log(JSON.stringify({ bench, metric, value: round(value), floor: round(floor), ratio: round(ratio) }));
  }
}
