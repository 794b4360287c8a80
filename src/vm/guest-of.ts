import type { GuestChannel } from "../guest/channel.ts";
import type { ChannelChoice } from "../guest/choose-channel.ts";
import { type Guest, type GuestHost, guestOf } from "../guest/driver.ts";
import { keptChannel } from "../guest/kept-channel.ts";
import { petriGuest } from "../guest/petri-guest.ts";
import { type ProgramsHost, programsOf } from "../guest/programs.ts";
import { shellGuest } from "../guest/shell.ts";
import type { HostKeyPin } from "../guest/ssh/keys.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import { UnsupportedError } from "../machine/errors.ts";
import { timeoutMs } from "../power/wait.ts";
import type { ConsoleSet } from "./console-set.ts";
import { type AgentWays, agentOpener } from "./guest-channel.ts";
import { rebootGuest } from "./reboot-guest.ts";
import type { VirtualMachine } from "./virtual-machine.ts";

export interface GuestSettings extends Omit<ProgramsHost, "openTap"> {
  readonly channel: ChannelChoice | undefined;
  readonly ways: AgentWays;
}

/** The driver that fits the VM's image; one that refuses where none does. */
export function guestFor(
  vm: VirtualMachine,
  consoles: ConsoleSet,
  { defaultTimeoutMs, record, onEnd, channel, ways }: GuestSettings,
): Guest {
  const { image } = vm;
  const console = consoles.get("com1");
  const line = consoles.byteLine("com1");
  if (!image || !console || !line)
    return noGuest(image ? "a machine without com1" : "a machine booted without an image");
  const ready = image.ready && new RegExp(image.ready.source, image.ready.flags);
  const bootOffset = () => vm.bootOffset();
  let known: { boot: number; end: Promise<number> } | undefined;
  const host: GuestHost = {
    console,
    bootOffset,
    ready: () => {
      const from = bootOffset();
      if (known?.boot !== from) {
        const end = ready
          ? console
              .cursor(from)
              .expect(ready)
              .then((match) => match.end)
          : Promise.resolve(from);
        known = { boot: from, end };
        // A wait that failed is asked again by the next command.
        end.catch(() => {
          known = undefined;
        });
      }
      return known.end;
    },
    expectCrash: (cause) => vm.expectCrash(cause),
    watchdog: vm.plan.watchdog,
    line,
    onStop: (listener) => consoles.onStop(listener),
    onTyping: (listener) => consoles.onTyping((name) => name === "com1" && listener()),
    reboot: (start, options = {}) => rebootGuest(vm.power, host, start, timeoutMs(options.timeout, defaultTimeoutMs)),
    defaultTimeoutMs,
    record,
    onEnd,
    openTap: vm.taps.open,
  };
  if (channel) record({ kind: "note", text: `programs run by the channel ${channel.name}: ${channel.why}` });
  const own = ownChannel(vm, channel, ways, host);
  switch (image.driver) {
    case "petri-guest":
      return petriGuest(host);
    case "shell":
      return shellGuest(host, image.shellPrompt ?? (isSuperuser(image) ? "# " : "$ "), image.login, own);
    case "none":
      return guestOf(`the image ${image.name}`, host, own ? programsOf(own(), host) : {});
  }
}

/** The channel beside the console; a guest that is to let a key in does so by its console's shell. */
function ownChannel(
  { image, machine }: VirtualMachine,
  choice: ChannelChoice | undefined,
  ways: AgentWays,
  host: GuestHost,
): ((console?: GuestChannel) => () => Promise<GuestChannel>) | undefined {
  const toAgent = agentOpener(choice, ways);
  if (toAgent) return () => keptChannel(toAgent, host);
  if (choice?.name !== "ssh" || !image) return undefined;
  const { vsock } = ways;
  // ssh2 takes as long to load as QEMU to start, and few guests are driven by it.
  let pin: HostKeyPin | undefined;
  return (console) =>
    keptChannel(async (signal) => {
      const [keys, { openSsh }] = await Promise.all([import("../guest/ssh/keys.ts"), import("./guest-ssh.ts")]);
      pin ??= new keys.HostKeyPin();
      return await openSsh({ machine, image, vsock, console }, pin, signal);
    }, host);
}

/** What the usual prompts of a POSIX shell tell (sh(1), PS1). */
function isSuperuser({ login }: ResolvedImage): boolean {
  return login === undefined || login.user === "root";
}

function noGuest(what: string): Guest {
  const refuse = () => Promise.reject(new UnsupportedError(`${what} has no guest driver; use vm.console()`));
  const ends = { shutdown: refuse, reset: refuse, suspend: refuse, hibernate: refuse, debugExit: refuse };
  const crashes = { hang: refuse, tripleFault: refuse, exception: refuse, nestedFaults: refuse, panic: refuse };
  const answers = { ready: refuse, echo: refuse, info: refuse, flood: refuse, tap: refuse };
  const streams = { spawn: refuse, forward: refuse, shell: refuse };
  const programs = { exec: refuse, upload: refuse, download: refuse, read: refuse, waitFor: refuse, runTap: refuse };
  const more = { halt: refuse, reboot: refuse, crash: refuse, watchdog: refuse, watchdogStatus: refuse };
  return { ...ends, ...crashes, ...answers, ...programs, ...streams, ...more };
}
