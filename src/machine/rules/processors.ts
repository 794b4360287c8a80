import { problem } from "../problem.ts";
import { product } from "../processors.ts";
import type { Rule } from "../rules.ts";

export const processorRules: Rule = ({ processors }) => {
  if (processors === undefined) return [];
  const { count, sockets, cores, threads, features } = processors;
  const said = Object.entries({ sockets, cores, threads }).filter(([, number]) => number !== undefined);
  const total = product(processors);
  const words = said.map(([axis, number]) => `${number} ${axis}`).join(" × ");
  // An axis left out is the VMM's to fill in, as in QEMU's -smp: the others must then divide the count.
  const isWhole = said.length === 3;
  const fits = isWhole ? total === count : count % total === 0;
  const message = isWhole ? `${words} is ${total}, but count is ${count}` : `${words} cannot make count ${count}`;
  return [...(fits ? [] : [problem(["processors"], `${message}: make them agree`)]), ...contradictions(features)];
};

function contradictions(features: readonly string[]) {
  return features
    .filter((feature) => feature.startsWith("+") && features.includes(`-${feature.slice(1)}`))
    .map((feature) => problem(["processors", "features"], `${feature} and -${feature.slice(1)}: keep one of them`));
}
