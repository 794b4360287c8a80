import type { UntimedEvent } from "../trace/event.ts";

/** The steps of a test, each recorded with its time and how it went. */
export class Steps {
  private readonly note: (event: UntimedEvent) => void;
  private next = 0;

  constructor(note: (event: UntimedEvent) => void) {
    this.note = note;
  }

  async run<T>(title: string, body: () => Promise<T>): Promise<T> {
    const id = this.next++;
    this.note({ kind: "step", phase: "begin", id, title });
    try {
      const result = await body();
      this.note({ kind: "step", phase: "end", id, title, ok: true });
      return result;
    } catch (error) {
      this.note({ kind: "step", phase: "end", id, title, ok: false, error: String(error) });
      throw error;
    }
  }
}
