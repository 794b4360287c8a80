import { formatPath, formatProblem, type Problem } from "../problem.ts";

/** Which part of the machine an option wrote. */
export interface Origin {
  readonly path: readonly PropertyKey[];
  readonly said: string;
}

/** The problem in the words of whoever wrote the command line: the option where one is to blame, else the path. */
export function saidBy(problem: Problem, origins: readonly Origin[]): string {
  const near = origins.filter(({ path }) => path.every((key, index) => key === problem.path[index]));
  const said = near.sort((a, b) => b.path.length - a.path.length)[0];
  if (said === undefined) return formatProblem(problem);
  const rest = problem.path.slice(said.path.length);
  const inside = rest.length === 0 ? "" : ` (${formatPath(rest).replace(/^\./, "")})`;
  return `${said.said}${inside}: ${problem.message}`;
}
