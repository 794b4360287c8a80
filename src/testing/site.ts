/** The error with the stack of another place: where the test says what failed, not where it was found out. */
export function at<E extends Error>(site: Error, error: E): E {
  const frames = (site.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
  return error;
}

/** Where a function was called from; the function itself and what it calls are left out. */
export function siteOf(called: (...args: never[]) => unknown): Error {
  const site = new Error("site");
  Error.captureStackTrace(site, called);
  return site;
}
