import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { runDirVariable } from "../host/process.ts";
import { endLeaks, runVariable } from "./leak-check.ts";

test("a VMM that outlived its test is found and ended, and no other process", async () => {
  const start = (env: Record<string, string>) => spawn("sleep", ["60"], { env: { ...env, PATH: process.env.PATH } });
  const planted = start({ [runVariable]: "run-1", [runDirVariable]: "/run/petri/1" });
  const others = [
    start({ [runVariable]: "run-1" }),
    start({ [runVariable]: "run-2", [runDirVariable]: "/run/petri/2" }),
  ];
  const gone = once(planted, "exit");
  await Promise.all([planted, ...others].map((child) => child.pid ?? once(child, "spawn")));

  await expect.poll(() => endLeaks("run-1")).toEqual([expect.stringContaining(`(${planted.pid}) outlived its test`)]);
  expect(await gone).toEqual([null, "SIGKILL"]);
  expect(endLeaks("run-1")).toEqual([]);
  for (const other of others) {
    expect(other.exitCode).toBe(null);
    other.kill("SIGKILL");
  }
});
