import type { PowerEvent } from "../../power/event.ts";
import { Console } from "../console.ts";

/** A console whose record is in memory. */
export function memoryConsole(options: { timeoutMs?: number; phase?: string } = {}) {
  let record = Buffer.alloc(0);
  const sent: string[] = [];
  const source = {
    get end() {
      return record.length;
    },
    read: (start: number, end: number) => record.subarray(start, end),
  };
  const { phase } = options;
  const console = new Console({
    name: "com1",
    source,
    send: (bytes) => sent.push(Buffer.from(bytes).toString()),
    defaultTimeoutMs: () => options.timeoutMs ?? 2000,
    ...(phase === undefined ? {} : { describe: () => phase }),
  });
  return {
    console,
    sent,
    print(text: string | Buffer) {
      record = Buffer.concat([record, typeof text === "string" ? Buffer.from(text) : text]);
      console.advance();
    },
  };
}

export function eventAt(com1: number): PowerEvent {
  return {
    ...{ kind: "reset", cause: "cf9", action: "reset", evidence: [], confidence: "reported" },
    ...{ at: 0, offsets: { com1 }, index: 0 },
  };
}

export const rejection = (promise: PromiseLike<unknown>): Promise<Error> =>
  Promise.resolve(promise).then(
    () => Promise.reject(new Error("it was fulfilled")),
    (error) => error,
  );

/** Without the times that differ from run to run. */
export const untimed = (message: string): string => message.replace(/\b[\d.]+ (ms|s)\b/g, "TIME");
