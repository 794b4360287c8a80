// Gives a run of the unit tests a temporary folder of its own and removes it after: what a test leaves in it does not
// add up on the machine. Short, since Unix sockets are made in it (unix(7): 107 bytes).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function setup() {
  const folder = mkdtempSync(join(tmpdir(), "pu-"));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
