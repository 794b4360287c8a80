import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";

test("who looks at no screen does not load the terminal", async () => {
  const library = new URL("../../../dist/index.js", import.meta.url).href;
  const terminal = new URL("../../../dist/console/screen/terminal.js", import.meta.url).href;
  const script = `
    const { createRequire } = await import("node:module");
    const loaded = () => Object.keys(createRequire("/").cache).filter((name) => name.includes("@xterm")).length;
    await import(${JSON.stringify(library)});
    const before = loaded();
    const { openTerminal } = await import(${JSON.stringify(terminal)});
    await openTerminal({ columns: 80, rows: 25 });
    console.log(before, loaded());`;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout } = await execa(process.execPath, ["--input-type=module", "-e", script], { cwd });
  expect(stdout).toBe("0 1");
});
