import { Console } from "../../console.ts";

/** A console whose record is in memory, and what was typed into it. */
export function memoryConsole({ timeoutMs = 2000 } = {}) {
  let record = Buffer.alloc(0);
  const sent: string[] = [];
  const console = new Console({
    name: "com1",
    source: {
      get end() {
        return record.length;
      },
      read: (start, end) => record.subarray(start, end),
    },
    send: (bytes) => sent.push(Buffer.from(bytes).toString()),
    defaultTimeoutMs: () => timeoutMs,
  });
  return {
    console,
    sent,
    print(text: string | Uint8Array) {
      record = Buffer.concat([record, Buffer.from(text as string)]);
      console.advance();
    },
  };
}
