/** Exit codes, from sysexits.h; 0 is `quit` or SIGTERM, 1 the end of the control channel. */
export const exits = { usage: 64, noInput: 66, software: 70, host: 71, harnessGone: 1 } as const;
