/// <reference types="node" preserve="true" />
export type {
  AbsenceOptions,
  AnyMatch,
  Console,
  Cursor,
  LinesOptions,
  Match,
  WaitOptions,
} from "./console/console.ts";
export { UnexpectedOutput } from "./console/console.ts";
export type { BootPhase } from "./console/phases/phase.ts";
export type { KeyTerminal } from "./console/screen/key-sequences.ts";
export type { Key, PressOptions } from "./console/screen/press.ts";
export type { Screen, ScreenOptions, ScreenWaitOptions } from "./console/screen/screen.ts";
export type { ScreenSnapshot } from "./console/screen/snapshot.ts";
export type { Guest, RebootOptions, ResetWay } from "./guest/driver.ts";
export type { ExecEnd, ExecOptions, ExecResult } from "./guest/exec.ts";
export type { Forward } from "./guest/forward.ts";
export type { GuestProcess, GuestShell, ShellOptions, SpawnOptions } from "./guest/process.ts";
export type { TransferOptions, WaitForOptions } from "./guest/programs.ts";
export { TapError, type TapResult } from "./guest/tap/result.ts";
export type { RunTapOptions } from "./guest/tap/run-tap.ts";
export type { TapPoint } from "./guest/tap/tree.ts";
export { localHost } from "./host/local.ts";
export { VsockError, type VsockTransport } from "./host/vsock/vsock.ts";
export type { ResolvedImage } from "./image/recipe.ts";
export { resolveImage } from "./image/resolve.ts";
export type { ChannelName } from "./machine/channel.ts";
export { type Config, defineConfig } from "./machine/config.ts";
export {
  GuestCrash,
  HostError,
  Interrupted,
  NoProgress,
  PetriError,
  TimeoutError,
  UnsupportedError,
  UsageError,
  VmmError,
} from "./machine/errors.ts";
export type { Action, BootKind, ConsoleName, Machine, MachineInput, PowerActions } from "./machine/machine.ts";
export type { AcceleratorName, Placement, VmmName } from "./machine/placement.ts";
export { machineJsonSchema } from "./machine/schema.ts";
export { parseMachine } from "./machine/validate.ts";
export type { OracleSettings } from "./oracle/policy.ts";
export type { Finding, FrameSource, OracleOs, Rule } from "./oracle/rule.ts";
export { causeRow, causeTable, type EvidenceSource, evidenceSources, expectedVerdict } from "./power/causes.ts";
export type { PowerCause, PowerEvent, PowerKind } from "./power/event.ts";
export type { PowerJournal } from "./power/journal.ts";
export { type BootClock, guestClocks } from "./trace/guest-times.ts";
export { readTrace, type Trace } from "./trace/reader.ts";
export { type BootOptions, boot } from "./vm/boot.ts";
export type { ConsoleTapOptions } from "./vm/console-taps.ts";
export { choosePlacement, detectAll, supportReasons } from "./vm/detection.ts";
export type { FindingJournal, FindingWaitOptions, VmFinding } from "./vm/findings.ts";
export type { PhaseRecord } from "./vm/phase-tracker.ts";
export type { ReachOptions } from "./vm/reach.ts";
export type { LadderStep, RungRecord, Shutdown, ShutdownOptions, ShutdownRung } from "./vm/shutdown-ladder.ts";
export type { VirtualMachine } from "./vm/virtual-machine.ts";
export type { VmExit, VmState } from "./vm/vm-parts.ts";
export type { GuestListener, Vsock, VsockWait } from "./vm/vsock.ts";
export type { Detection } from "./vmm/contract.ts";
