/// <reference types="node" preserve="true" />
export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
export type { PeerOptions } from "./attempt.ts";
export type { Cell, ImageChoice } from "./cell.ts";
export type { VmFixtures } from "./fixtures.ts";
export type { PetriMatchers } from "./matchers/matchers.ts";
export type { PowerMatcherOptions } from "./matchers/power.ts";
export type { ToPrintOptions } from "./matchers/to-print.ts";
export type { ToReachOptions } from "./matchers/to-reach.ts";
export { type Axes, matrix } from "./matrix.ts";
export type { Need } from "./needs.ts";
export { petri } from "./plugin.ts";
export { type VmTest, type VmTestFunction, type VmTestOptions, vmTest } from "./vm-test.ts";
