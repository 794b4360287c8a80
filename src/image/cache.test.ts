import { expect, test } from "vitest";
import { cacheFolder } from "./cache.ts";

test("PETRI_CACHE beats XDG_CACHE_HOME, which beats the home folder; a relative XDG path is no path", () => {
  expect(cacheFolder({ PETRI_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
  expect(cacheFolder({ XDG_CACHE_HOME: "/b" })).toBe("/b/petri");
  expect(cacheFolder({ XDG_CACHE_HOME: "relative" })).toMatch(/^\/.*\/\.cache\/petri$/);
});
