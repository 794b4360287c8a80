import { anySignal, sharedController } from "../any-signal.ts";
import { agent, garbled, leave, loader, loading, requestLine } from "./agent.ts";
import { type SumKind, sumKinds } from "./coded.ts";
import { FrameReader } from "./frames.ts";

/** A serial line with a shell at its other end. */
export interface ByteLine {
  /** `com1`, for messages. */
  readonly name: string;
  /** Throws if the VM is gone. */
  write(bytes: string): void;
  /** Hands over what comes from now on; what it returns ends that. */
  listen(listener: (bytes: Uint8Array) => void): () => void;
}

/** What the guest's shell has, and what it does without. */
export interface AgentFacts {
  readonly sums: SumKind;
  /** False without base64(1): bytes then come in octal, and go as escapes of printf(1). */
  readonly hasBase64: boolean;
  /** True where petri-agent tells a signal from an exit code. */
  readonly tellsSignals: boolean;
  /** As uname(1) says. */
  readonly system: string;
}

/** The reply to a request that came, but not as it was sent. */
export const damaged = Symbol("damaged");

/** A command of the agent's, and the line behind it that the command takes. */
export type Body = string | { readonly command: string; readonly payload: string };

type Answer<T> = T | typeof damaged | undefined;

/** The kind of a frame of which nobody can tell what it was. */
export const damagedFrame = "damaged";

/** A lost request or answer is noticed by its silence. Longer each time: a guest may be slow rather than deaf. */
const firstSilenceMs = 2_000;
const longestSilenceMs = 15_000;

/** What a terminal takes for Ctrl-C. */
const interrupt = "\x03";
/** Typed so often in vain, the agent is not what is wrong: its loader is. */
const mostAgents = 3;

/**
 * The agent at the end of one line: started when first asked for, asked one thing at a time, asked again when an answer
 * is damaged or does not come. A request that comes twice is obeyed once.
 */
export class AgentLink {
  readonly #line: ByteLine;
  readonly #atPrompt: () => Promise<void>;
  #reader = new FrameReader();
  readonly #listeners = new Set<(fields: readonly string[]) => void>();
  #over = sharedController();
  #facts: Promise<AgentFacts> | undefined;
  #stopListening: (() => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #lastId = 0;

  /** `atPrompt` resolves when the guest's shell waits for somebody to type. */
  constructor(line: ByteLine, atPrompt: () => Promise<void>) {
    this.#line = line;
    this.#atPrompt = atPrompt;
  }

  /** Aborted, with the reason, when this agent is gone: each boot has its own. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get isStarted(): boolean {
    return this.#facts !== undefined;
  }

  /** Why nothing is heard, for messages. */
  silence(): string {
    return `no shell answers on ${this.#line.name}`;
  }

  /** Starts the agent unless it runs. */
  start(signal: AbortSignal): Promise<AgentFacts> {
    if (this.#facts === undefined) {
      const facts = this.#start(signal);
      this.#facts = facts;
      facts.catch(() => {
        if (this.#facts === facts) this.#facts = undefined;
      });
    }
    return this.#facts;
  }

  /** The agent is gone: whoever waits for it gets the reason. The next one to ask starts another. */
  lost(reason: Error): void {
    this.#over.abort(reason);
    this.#over = sharedController();
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#facts = undefined;
    this.#reader = new FrameReader();
    this.#turn = Promise.resolve();
  }

  /** Gives the line back to the shell it was taken from. */
  leave(reason: Error): void {
    if (!this.isStarted) return;
    this.#line.write(leave);
    this.lost(reason);
  }

  /** Calls the listener with each frame's fields; what it returns ends that. */
  onFrame(listener: (fields: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Has the agent obey the body, in one turn; resolves when it says so, or to what `answer` makes of a reply. */
  request(body: Body, signal: AbortSignal): Promise<void>;
  request<T>(body: Body, signal: AbortSignal, answer: (fields: readonly string[]) => Answer<T>): Promise<T>;
  request(body: Body, signal: AbortSignal, answer?: (fields: readonly string[]) => Answer<unknown>) {
    const asked = this.#turn.then(async () => {
      const { sums } = await this.start(signal);
      const id = `${++this.#lastId}`;
      const { command, payload } = typeof body === "string" ? { command: body, payload: undefined } : body;
      const line = requestLine(this.#lastId, command, sums) + (payload === undefined ? "" : `${payload}\n`);
      return await this.#ask<unknown>(
        () => this.#line.write(line),
        (fields) => {
          const [kind, first, second] = fields;
          if (kind === garbled || kind === damagedFrame) return damaged;
          if (first !== id || second !== id) return undefined;
          if (answer) return kind === "a" ? undefined : answer(fields);
          return kind === "a" ? true : undefined;
        },
        signal,
      );
    });
    this.#turn = asked.catch(() => {});
    return asked;
  }

  async #start(signal: AbortSignal): Promise<AgentFacts> {
    await this.#atPrompt();
    this.#stopListening ??= this.#line.listen((bytes) => this.#receive(bytes));
    let typed = 0;
    while (true) {
      // What a damaged line left open, such as a quote, or a loader that was damaged itself, is given up first. That has
      // a turn of its own: a shell that is interrupted may throw away what was typed behind.
      const typeLoader = () => this.#line.write(typed++ % 2 === 1 ? `${interrupt}\r` : `${loader}\r`);
      await this.#ask(typeLoader, ([kind]) => (kind === loading ? true : undefined), signal);
      const facts = await this.#typeAgent(signal);
      if (facts) return facts;
      typed = 1;
    }
  }

  /** Undefined if what reads it never takes it. */
  async #typeAgent(signal: AbortSignal): Promise<AgentFacts | undefined> {
    const givenUp = new AbortController();
    let typed = 0;
    const type = () => {
      if (++typed > mostAgents) givenUp.abort();
      else this.#line.write(agent);
    };
    const answer = ([kind, sums, coding, system, helper]: readonly string[]): Answer<AgentFacts> => {
      if (kind === garbled || kind === damagedFrame) return damaged;
      if (kind !== "i" || system === undefined) return undefined;
      return {
        sums: sumKinds[sums as keyof typeof sumKinds] ?? "none",
        hasBase64: coding === "b",
        tellsSignals: helper === "1",
        system,
      };
    };
    const { over } = this;
    const ends = anySignal(signal, givenUp.signal);
    try {
      return await this.#ask(type, answer, ends.signal);
    } catch (error) {
      if (givenUp.signal.aborted && !signal.aborted && !over.aborted) return undefined;
      throw error;
    } finally {
      ends.release();
    }
  }

  #receive(bytes: Uint8Array): void {
    for (const frame of this.#reader.push(bytes)) {
      const fields = intact(frame.split(":"));
      for (const listener of this.#listeners) listener(fields);
    }
  }

  /** Sends, and again after a damaged answer or a long silence, until the answer is known. */
  #ask<T>(send: () => void, answer: (fields: readonly string[]) => Answer<T>, signal: AbortSignal): Promise<T> {
    const outside = anySignal(signal, this.over);
    const ends = outside.signal;
    return new Promise<T>((resolve, reject) => {
      let silenceMs = firstSilenceMs;
      let timer: NodeJS.Timeout | undefined;
      const sendNow = () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          silenceMs = Math.min(2 * silenceMs, longestSilenceMs);
          sendNow();
        }, silenceMs);
        try {
          send();
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const stopListening = this.onFrame((fields) => {
        const known = answer(fields);
        if (known === damaged) sendNow();
        else if (known !== undefined) settle(() => resolve(known as T));
      });
      const abort = () => settle(() => reject(ends.reason));
      const settle = (tell: () => void) => {
        clearTimeout(timer);
        stopListening();
        outside.release();
        tell();
      };
      ends.addEventListener("abort", abort);
      if (ends.aborted) abort();
      else sendNow();
    });
  }
}

/** A frame says twice whom it answers. */
function intact(fields: readonly string[]): readonly string[] {
  const [kind = "", first, second] = fields;
  if (kind === loading || kind === garbled || kind === "i") return fields;
  return "armz".includes(kind) && kind.length === 1 && first === second ? fields : [damagedFrame];
}
