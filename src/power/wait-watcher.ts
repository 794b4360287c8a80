/** Told of every wait that begins and ends: who looks for a guest that hangs counts only time that somebody waits. */
export interface WaitWatcher {
  began(title: string): void;
  /** Called once for each `began`. `isMet`: what was awaited has come. */
  ended(title: string, isMet: boolean): void;
}
