import { expect, test } from "vitest";
import { bytesAt, memory, mostBytes } from "./memory.ts";
import { NeedlePlaces } from "./needle-places.ts";

const places = new NeedlePlaces([...Buffer.from("login")], [0, 0, 0, 0]);

test("finds the text across the border of two blocks, whatever was looked at before", () => {
  for (let at = mostBytes - 6; at <= mostBytes; at++) {
    memory.fill(0x78, bytesAt);
    const bytes = Buffer.alloc(mostBytes + 10, "x");
    bytes.write("login", at);
    expect([...places.in(bytes)]).toEqual([at]);
  }
});

test("finds nothing that is not in the bytes", () => {
  memory.set(Buffer.from("login".repeat(20)), bytesAt);
  expect([...places.in(Buffer.from("xyz"))]).toEqual([]);
});

test("what was found stays so when something else is looked for meanwhile", () => {
  const found: number[] = [];
  for (const at of places.in(Buffer.from("login login login"))) {
    found.push(at);
    expect([...places.in(Buffer.from("a login"))]).toEqual([2]);
  }
  expect(found).toEqual([0, 6, 12]);
});
