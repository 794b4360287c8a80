import { type Problem, problem } from "../problem.ts";
import type { Rule } from "../rules.ts";
import { formatSize } from "../size.ts";

const smallest = 2 ** 20;
const page = 4096;

/** OpenVMM's CLI page, `--memory`. */
export const memoryRules: Rule = ({ memory }) => {
  if (memory === undefined) return [];
  const problems: Problem[] = [];
  const refuse = (key: string, message: string) => problems.push(problem(["memory", key], message));
  const { size, shared, thp, hugepages, hugepageSize, file } = memory;
  if (size < smallest) {
    refuse("size", `${size} bytes are less than 1M: write a suffix, such as ${size || 512}M`);
  } else if (size % page !== 0) {
    refuse(
      "size",
      `${size} bytes are not whole pages: write a multiple of ${page}, such as ${formatSize(up(size, page))}`,
    );
  }
  if (thp === true && shared !== false) refuse("thp", "needs shared off: transparent huge pages are for private RAM");
  if (hugepages && shared === false) refuse("hugepages", "needs shared on: hugetlb pages are shared RAM");
  if (hugepages && file !== undefined) refuse("hugepages", `cannot be combined with file ${file}: leave one out`);
  if (hugepageSize !== undefined) {
    if (!hugepages) refuse("hugepageSize", "needs hugepages on");
    if (hugepageSize < page || !Number.isInteger(Math.log2(hugepageSize))) {
      refuse("hugepageSize", `${formatSize(hugepageSize)} is no page size: write a power of two, such as 2M or 1G`);
    } else if (size % hugepageSize !== 0) {
      const fits = formatSize(up(size, hugepageSize));
      refuse("hugepageSize", `${formatSize(hugepageSize)} does not divide size ${formatSize(size)}: ${fits} would fit`);
    }
  }
  return problems;
};

function up(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
