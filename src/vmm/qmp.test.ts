import { expect, test } from "vitest";
import type { Recording } from "../host/recording.ts";
import { VmmError } from "../machine/errors.ts";
import { QmpClient, type QmpEvent } from "./qmp.ts";

function setUp() {
  const sent: { execute: string; arguments?: unknown; id: number }[] = [];
  const events: QmpEvent[] = [];
  const recording: Recording = {
    listen: () => {},
    connected: Promise.resolve(),
    write: () => {},
    mark: () => {},
    control: (line) => sent.push(JSON.parse(line)),
    dial: () => {},
    finished: Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const qmp = new QmpClient(recording, (event) => events.push(event));
  const receive = (body: unknown) =>
    qmp.receive({ line: typeof body === "string" ? body : JSON.stringify(body), at: 7, offsets: { com1: 3 } });
  return { qmp, sent, events, receive };
}

test("it waits for the greeting, then negotiates", async () => {
  const { qmp, sent, receive } = setUp();
  const ready = qmp.negotiate();
  await Promise.resolve();
  expect(sent).toEqual([]);
  receive({ QMP: { version: { qemu: { major: 7 } }, capabilities: ["oob"] } });
  await Promise.resolve();
  expect(sent).toEqual([{ execute: "qmp_capabilities", id: 1 }]);
  receive({ return: {}, id: 1 });
  await ready;
});

test("answers find their commands in any order, with events between them", async () => {
  const { qmp, sent, events, receive } = setUp();
  const first = qmp.execute("query-status");
  const second = qmp.execute("screendump", { filename: "/x" });
  expect(sent[1]).toEqual({ execute: "screendump", arguments: { filename: "/x" }, id: 2 });
  receive({ return: { file: 1 }, id: 2 });
  receive({ event: "STOP", timestamp: { seconds: 1, microseconds: 2 } });
  receive({ event: "RESET", data: { guest: false } });
  receive({ return: { status: "paused" }, id: 1 });
  expect([await first, await second]).toEqual([{ status: "paused" }, { file: 1 }]);
  expect(events).toMatchObject([
    { name: "STOP", data: {}, at: 7, offsets: { com1: 3 } },
    { name: "RESET", data: { guest: false }, line: '{"event":"RESET","data":{"guest":false}}' },
  ]);
});

test("a refusal names the command and the reason", async () => {
  const { qmp, receive } = setUp();
  const answer = qmp.execute("device_del", { id: "x" });
  receive({ error: { class: "DeviceNotFound", desc: "Device 'x' not found" }, id: 1 });
  await expect(answer).rejects.toThrow(new VmmError("device_del was refused: Device 'x' not found"));
});

test("what is no answer to anything is passed over", async () => {
  const { qmp, events, receive } = setUp();
  const answer = qmp.execute("stop");
  for (const odd of ["", "{", "null", "[]", '"text"', { id: 1 }, { return: {}, id: 99 }, { return: {} }]) receive(odd);
  receive({ return: {}, id: 1 });
  await answer;
  expect(events).toEqual([]);
});

test("when the channel closes, what is pending and what comes later rejects with the reason", async () => {
  const { qmp } = setUp();
  const pending = qmp.execute("stop");
  qmp.close(new VmmError("the VMM ended by SIGSEGV"));
  qmp.close(new VmmError("a later reason"));
  await expect(pending).rejects.toThrow("the VMM ended by SIGSEGV");
  await expect(qmp.execute("cont")).rejects.toThrow("the VMM ended by SIGSEGV");
  expect(qmp.isClosed).toBe(true);
});
