import { ExpectedCrashes } from "./expected-crashes.ts";

/** What a guest prints or does this soon after a report belongs to the same crash: an oops, then its panic. */
const aftermathNs = 1e9;

interface Crash {
  readonly isAllowed: boolean;
  /** So far the kernel has only noticed something, and goes on. */
  readonly isWarning: boolean;
  /** The guest goes no further by itself. */
  readonly isFinal: boolean;
  readonly at: number;
}

/** One sign of a crash: a report on a console, or a power event. */
export interface CrashSign {
  /** A report's title, or an event's cause and evidence. */
  readonly text: string;
  readonly at: number;
  readonly isFinal: boolean;
  /** The kernel goes on from it: a report of severity `warning`. */
  readonly isWarning?: boolean;
  /** Somebody was waiting for it. */
  readonly wasAwaited: boolean;
}

/**
 * Tells crashes that a test has asked for from those it has not. A guest that goes down gives many signs: an oops, the
 * panic that follows, the debugger's prompt, the event of its panic device, the reset at the end. They are one crash:
 * after a report that is final, all until the machine starts again; after any other, all within a second, but that a
 * warning is followed by warnings and by its panic only. A request is used up once for all of them.
 */
export class CrashJudge {
  private readonly expected = new ExpectedCrashes();
  private current: Crash | undefined;

  expect(pattern: RegExp | string | undefined): void {
    this.expected.expect(pattern);
  }

  /** True if a request that names a crash is met by this text. */
  asksFor(text: string): boolean {
    return this.expected.has(text);
  }

  unmet(): string[] {
    return this.expected.unmet();
  }

  /** `allowed`: asked for, awaited, or of a crash that was. `known`: of a crash that has failed the VM already. */
  judge(sign: CrashSign): "allowed" | "unexpected" | "known" {
    const { text, at, isFinal, isWarning = false, wasAwaited } = sign;
    const crash = this.crashBefore(sign);
    // A request that names this very sign is met by it, whatever else of the same crash was asked for.
    const wasAsked = this.expected.take(text, { named: crash?.isAllowed === true });
    const isAllowed = wasAwaited || wasAsked || crash?.isAllowed === true;
    this.current = {
      isAllowed,
      isWarning: isWarning && crash?.isWarning !== false,
      isFinal: isFinal || crash?.isFinal === true,
      at: crash?.at ?? at,
    };
    if (isAllowed) return "allowed";
    return crash === undefined ? "unexpected" : "known";
  }

  /** Whether what the guest does now is the end of a crash that was asked for. */
  get isDown(): boolean {
    return this.current?.isFinal === true && this.current.isAllowed;
  }

  /** The machine starts again: what comes is another crash. */
  restarted(): void {
    this.current = undefined;
  }

  /** The crash that the sign belongs to. A warning that was asked for allows no oops. */
  private crashBefore({ at, isFinal, isWarning = false }: CrashSign): Crash | undefined {
    const { current } = this;
    if (!current || current.isFinal) return current;
    if (current.isWarning && current.isAllowed && !isWarning && !isFinal) return undefined;
    return at - current.at <= aftermathNs ? current : undefined;
  }
}
