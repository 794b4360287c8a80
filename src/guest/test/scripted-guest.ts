import { Console } from "../../console/console.ts";
import type { GuestHost } from "../driver.ts";
import { TapJournal } from "../tap/journal.ts";

/** A guest that answers each line typed at it as the script says, over a real console. */
export function scriptedGuest(answer: (line: string) => string | undefined) {
  let record = Buffer.alloc(0);
  let typed = "";
  let boot = 0;
  const sent: string[] = [];
  const typingListeners: (() => void)[] = [];
  const crashes: string[] = [];
  const console: Console = new Console({
    name: "com1",
    source: {
      get end() {
        return record.length;
      },
      read: (start, end) => record.subarray(start, end),
    },
    send: (bytes) => {
      for (const listener of typingListeners) listener();
      take(Buffer.from(bytes).toString("latin1"));
    },
    defaultTimeoutMs: () => 1000,
  });
  function take(text: string): void {
    typed += text;
    for (let end = typed.search(/[\r\n]/); end >= 0; end = typed.search(/[\r\n]/)) {
      const line = typed.slice(0, end);
      typed = typed.slice(end + 1);
      sent.push(line);
      const reply = answer(line);
      if (reply !== undefined) print(reply);
    }
  }
  function print(text: string): void {
    record = Buffer.concat([record, Buffer.from(text)]);
    console.advance();
  }
  const stopListeners = new Set<(reason: Error) => void>();
  const host: GuestHost = {
    console,
    bootOffset: () => boot,
    ready: async () => (await console.cursor(boot).expect(/^ready\n/)).end,
    expectCrash: (cause) => void crashes.push(cause),
    watchdog: undefined,
    line: { name: "com1", write: take, listen: () => () => {} },
    onStop: (listener) => {
      stopListeners.add(listener);
      return () => stopListeners.delete(listener);
    },
    onEnd: () => {},
    reboot: (start) => start(),
    onTyping: (listener) => void typingListeners.push(listener),
    defaultTimeoutMs: () => 1000,
    record: () => {},
    openTap: new TapJournal(() => {}).open,
  };
  return {
    ...{ host, sent, crashes, print },
    /** What ran in the guest is gone, or was halted. */
    stop: (reason: Error) => {
      for (const listener of stopListeners) listener(reason);
    },
    /** The guest was reset: what it prints from now on is the next boot's. */
    reboot: () => {
      boot = record.length;
    },
  };
}
