import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildOnce } from "../store.ts";

// One of several builders of the test: takes its time, notes that it built, and tells what it got.
const folder = process.argv[2] ?? "";
const stored = await buildOnce({
  folder,
  key: "key",
  onStep: () => {},
  build: async (_work, out) => {
    await appendFile(`${folder}.builds`, `${process.pid}\n`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await writeFile(join(out, "disk"), "a disk");
    return { version: "1", files: { disk: "disk" }, sources: [], notes: [] };
  },
});
process.send?.(await readFile(join(stored.folder, "disk"), "utf8"));
