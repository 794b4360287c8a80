#!/usr/bin/env node
import * as nodeModule from "node:module";

// Node 22 and later keep compiled code on disk; it has to be asked before the rest is loaded.
const { enableCompileCache } = nodeModule as { enableCompileCache?: () => void };
enableCompileCache?.();

const { run } = await import("./run.ts");
await run(process.argv.slice(2));
