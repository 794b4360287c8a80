import { defineConfig } from "vitest/config";
import { petri } from "../index.ts";

// Sample projects: each file is run by a test beside this folder, in a vitest of its own.
export default defineConfig({ plugins: [petri()], test: { root: import.meta.dirname, include: ["*.sample.ts"] } });
