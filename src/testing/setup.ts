// vitest runs this file in every worker, before each test file.
import { installHooks } from "./hooks.ts";

installHooks();
