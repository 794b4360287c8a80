import type { Duplex } from "node:stream";
import ssh2 from "ssh2";
import { HostError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import { showDuration } from "../../power/wait.ts";
import { anySignal } from "../any-signal.ts";
import { fingerprint, type HostKeyPin } from "./keys.ts";

/** Nobody has said that there is an SSH server. */
export class SshUnreachable extends HostError {}

/** Who logs in, and to whom. */
export interface SshIdentity {
  readonly user: string;
  /** In OpenSSH's or PEM format. */
  readonly privateKey?: string;
  readonly password?: string;
  readonly hostKey: HostKeyPin;
}

export interface ConnectOptions extends SshIdentity {
  /** How the guest is reached, for messages: `vsock port 22`. */
  readonly over: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** A guest that is paused, or busy, is silent for long; one that is gone is for its VM to tell. */
const keepaliveMs = 30_000;
const keepalivesMissed = 10;

type Phase = "greeting" | "host key" | "login";

const silent: Record<Phase, string> = {
  greeting: "the other end closed the connection before it said that it is an SSH server: does sshd run there?",
  "host key": "the connection was closed before the keys were agreed on",
  login: "the connection was closed before the login was decided",
};

/**
 * Logs in over a stream. No agent of the user's is asked, and no file of theirs is read.
 * @throws HostError naming the phase that failed: greeting, host key, login; then the stream is closed
 */
export async function connectSsh(stream: Duplex, options: ConnectOptions): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  const { over, user, hostKey, timeoutMs } = options;
  let phase: Phase = "greeting";
  let changed: HostError | undefined;
  const failed = (why: string, cause?: Error) =>
    new (phase === "greeting" ? SshUnreachable : HostError)(
      `ssh to ${user} over ${over}: ${phase}: ${why}`,
      cause && { cause },
    );
  const time = new AbortController();
  const late = () => time.abort(failed(`it was not done within ${showDuration(timeoutMs)}`));
  const timer = setTimeout(late, Math.min(timeoutMs, 2 ** 31 - 1));
  const ends = anySignal(time.signal, options.signal);
  try {
    await new Promise<void>((resolve, reject) => {
      ends.signal.addEventListener("abort", () => reject(ends.signal.reason));
      if (ends.signal.aborted) reject(ends.signal.reason);
      client
        .on("ready", resolve)
        .on("handshake", () => {
          phase = "login";
        })
        .on("error", (error: Error & { level?: string }) => {
          const isSilence = error.message === "Connection lost before handshake";
          reject(changed ?? failed(isSilence ? silent[phase] : explain(error, options), error));
        })
        .on("close", () => reject(changed ?? failed(silent[phase])))
        .connect({
          ...{ sock: stream, username: user, readyTimeout: 0, authHandler: methods(options) as never },
          ...{ keepaliveInterval: keepaliveMs, keepaliveCountMax: keepalivesMissed },
          hostVerifier: (key: Buffer) => {
            phase = "host key";
            if (hostKey.accepts(key)) return true;
            const known = hostKey.known.map(fingerprint).join(" or ");
            changed = failed(
              `it is ${fingerprint(key)}, and the guest's was ${known}: this is another system, or it made itself a new key`,
            );
            return false;
          },
        });
    });
    return client;
  } catch (error) {
    client.destroy();
    stream.destroy();
    throw error;
  } finally {
    ends.release();
    clearTimeout(timer);
  }
}

/** The ways to log in that the caller gave something for. */
function methods({ user: username, privateKey: key, password }: SshIdentity): object[] {
  const given = [
    ...(key === undefined ? [] : [{ type: "publickey", username, key }]),
    ...(password === undefined
      ? []
      : [
          { type: "password", username, password },
          // PAM asks so, where the server takes passwords by it only.
          {
            ...{ type: "keyboard-interactive", username },
            prompt: (...[, , , prompts, answer]: [string, string, string, object[], (answers: string[]) => void]) =>
              answer(prompts.map(() => password)),
          },
        ]),
  ];
  return given.length > 0 ? given : [{ type: "none", username }];
}

function explain(error: Error & { level?: string }, { user, privateKey, password }: SshIdentity): string {
  if (error.level !== "client-authentication") return printable(error.message);
  const tried = [
    ...(privateKey === undefined ? [] : ["the key"]),
    ...(password === undefined ? [] : ["the password"]),
    ...(privateKey === undefined && password === undefined ? ["a login without key and password"] : []),
  ];
  return `the guest does not take ${tried.join(" nor ")} of ${printable(user)}`;
}
