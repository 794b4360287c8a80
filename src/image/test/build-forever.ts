import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildOnce } from "../store.ts";

// A build of the test: leaves half a file in both of its folders, says so, and goes on until it is killed.
await buildOnce({
  folder: process.argv[2] ?? "",
  key: "key",
  onStep: () => {},
  build: async (work, out) => {
    await writeFile(join(work, "half"), "x".repeat(1000));
    await writeFile(join(out, "disk"), "half of a di");
    process.send?.("building");
    return await new Promise(() => setInterval(() => {}, 60_000));
  },
});
