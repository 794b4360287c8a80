import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { prepareRecorder, startRecording } from "../src/host/recording.ts";
import { ConsoleSet } from "../src/vm/console-set.ts";
import { OracleWatch } from "../src/vm/oracle-watch.ts";
import { marker, writeLog } from "./console-log.ts";
import { compare, type Figure } from "./table.ts";

const mega = 1_000_000;

/** What comes out of a VMM's serial socket until the marker is seen: captured, recorded and matched. */
export async function bench(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "petri-bench-console-"));
  try {
    const log = join(dir, "log");
    const size = 100 * mega;
    const digest = writeLog(log, size);
    prepareRecorder();
    const through = (work: Work) => async () => {
      const { ms, trace } = await captureAndMatch(dir, log, work);
      if ((await sha256(join(trace, "com1.log"))) !== digest) throw new Error("the record is not what was sent");
      rmSync(trace, { recursive: true });
      return ms;
    };
    const regex = /PETRI-MARKER-[0-9a-f]{4}: (reached|lost)/;
    const contenders = [
      {
        name: "cat | tee FILE | grep -m1 (fixed)",
        run: () => timed(`cat ${log} | tee ${dir}/copy | grep -a -m1 -F '${marker}'`),
      },
      { name: "Petri, capture alone", run: through({}) },
      { name: "Petri, capture and oracle", run: through({ oracle: true }) },
      { name: "Petri, literal", run: through({ pattern: marker }) },
      { name: "Petri, literal and oracle", run: through({ pattern: marker, oracle: true }) },
      { name: "Petri, regex", run: through({ pattern: regex }) },
      { name: "Petri, regex and oracle", run: through({ pattern: regex, oracle: true }) },
      { name: "pexpect, as it comes (2000)", run: () => pexpect(log, 2000) },
    ] as const;
    return await compare("100 MB of console to its marker", "ms", contenders, 5);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

interface Work {
  readonly pattern?: string | RegExp;
  readonly oracle?: boolean;
}

async function captureAndMatch(dir: string, log: string, { pattern, oracle = false }: Work) {
  const trace = mkdtempSync(join(dir, "t-"));
  const socket = join(trace, "s");
  const consoles = new ConsoleSet(["com1"], trace, { send: () => {}, defaultTimeoutMs: () => 600_000 });
  const refuse = (what: unknown): never => {
    throw new Error(`the log is healthy, but: ${what}`);
  };
  const watch = new OracleWatch(consoles.sources(), { onFinding: (_, { title }) => refuse(title), onFault: refuse });
  if (oracle) consoles.onAdvance((name) => watch.advance(name));
  const control = join(trace, "c");
  const recording = await startRecording({
    clockStart: process.hrtime.bigint(),
    traceDir: trace,
    consoles: { com1: socket },
    control,
  });
  recording.listen({
    onBytes: (name, end) => consoles.advance(name, end),
    onControl: () => {},
    onFault: (error) => {
      throw error;
    },
  });
  const sender = send(log, socket);
  const sent = ended(sender);
  const monitor = connect(control);
  await recording.connected;
  // As in a boot, where the VMM is there before its guest runs: its own start is not what is measured.
  const started = performance.now();
  sender.stdin?.end("go\n");
  if (pattern !== undefined) await consoles.get("com1")?.expect(pattern);
  await sent;
  await recording.close();
  if (oracle) watch.flush();
  const ms = performance.now() - started;
  monitor.destroy();
  consoles.close();
  return { ms, trace };
}

/** A process at the VMM's end of the socket, which is connected at once and sends when it is told to. */
function send(log: string, socket: string): ChildProcess {
  const program =
    "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[2])\nf=open(sys.argv[1],'rb')\nsys.stdin.readline()\nwhile b:=f.read(65536): s.sendall(b)\ns.close()";
  return spawn("python3", ["-c", program, log, socket], { stdio: ["pipe", "ignore", "inherit"] });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`the sender ended with ${code}`))));
  });
}

async function timed(script: string): Promise<number> {
  const started = performance.now();
  await ended(spawn("sh", ["-c", script], { stdio: ["ignore", "ignore", "inherit"] }));
  return performance.now() - started;
}

async function pexpect(log: string, window: number): Promise<number> {
  const program = `import os,pexpect.fdpexpect,sys\np=pexpect.fdpexpect.fdspawn(os.open(sys.argv[1],os.O_RDONLY),searchwindowsize=${window},timeout=600)\np.expect_exact(sys.argv[2])`;
  const started = performance.now();
  await ended(spawn("python3", ["-c", program, log, marker], { stdio: ["ignore", "ignore", "inherit"] }));
  return performance.now() - started;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest("hex");
}
