import { UsageError } from "../../machine/errors.ts";
import { quote } from "../command.ts";
import { type SumKind, shortSum } from "./coded.ts";

// The agent is a few functions of POSIX shell that run in the guest while Petri drives it by a serial line. It reads
// one request a line and answers in frames (frames.ts). Every name in it is one letter: all of it is typed.

/** How a byte of a frame is written in a printf format: with its high bit set. */
const highBit = (text: string) =>
  [...text].map((char) => `\\${((char.codePointAt(0) ?? 0) | 0x80).toString(8)}`).join("");

/** What a status has more than a signal's number, where petri-agent told of it. */
export const bySignal = 1_000;
/** A status that is no command's: it was killed together with what would have told of its end. */
export const vanished = 999;
/** A status that is no command's: the folder it was to start in is not there. */
export const noFolder = 998;

/** A status that is no command's: the slot has another's still, or none. */
export const notStarted = 996;
/** A status that is no command's: its script or its input could not be kept in the guest. */
export const notKept = 997;

/** The frame that says the loader runs: type the agent. */
export const loading = "h";
/** What was typed came damaged: type it again. */
export const garbled = "g";

/**
 * Typed at a prompt, so it is short (busybox's line editor takes 1,024 bytes) and has nothing in it that another shell
 * than POSIX's would read otherwise. It reads the agent's lines, and starts it if all of it came.
 */
export const loader = `sh -c '${[
  "stty -echo -tostop 2>/dev/null",
  `printf "${highBit(`{${loading}}`)}\\n"`,
  "p=",
  `while IFS= read -r l; do case $l in .*) [ \${#p} = "\${l#.}" ] && break; p=; printf "${highBit(`{${garbled}}`)}\\n";; *) p="$p$l;";; esac; done`,
  'eval "$p"',
].join("; ")}'`;

/** Where the agent's files may be, in this order. */
const folders = `"\${TMPDIR:-/tmp}" /dev/shm /run /var/tmp "$HOME"`;

/**
 * What each does:
 * - t: sets the high bit. u N: the number N as a printf format with high bits, in $w, without a process.
 * - f: says a frame, given on stdin, in one write: others may be speaking at the same time.
 * - s: checksum of stdin, of the kind $C; other words may follow. k FILE: checksum and length of a file.
 * - e: stdin in characters that a frame may hold, by the coding $B.
 * - v SUM LENGTH TEXT: whether the text has that length and checksum, of which eight characters are enough of an MD5.
 * - j FILE: its checksum and length, and its content if that is short. Nothing of an empty one.
 * - z SLOT ID STATUS: tells that a command has ended. y SLOT ID: the same if it has,
 *   unless the slot still has an earlier one.
 * - x SLOT ID FOLDER STDIN: starts the script of a slot in the background, in a process group of its own.
 *   With petri-agent there ($H) its status is 1,000 and the signal, if one killed it.
 * - b SLOT: begins what is given to a slot; g SLOT: whether all of it was kept. n SLOT FILE: empties a file.
 *   p SLOT TEXT FILE: appends text to it.
 * - a SLOT SUM LENGTH FILE: appends the next line, "=" and base64, or escapes of printf(1). It is not the shell that
 *   reads it, for that reads byte by byte. One that is damaged is asked for again.
 * - c SLOT ID FOLDER STDIN: starts what was given to a slot, if it was kept.
 * - o FILE BYTES N: tells the Nth piece of a file.
 * - m SLOT FILE STATUS: tells a file's checksum and length, or why there is none; STATUS: it is known to have none.
 * - q REQUEST: obeys a request once, and answers it each time it comes.
 */
const script = [
  "exec 2>/dev/null",
  `for x in ${folders}; do D=$x/.petri.$$; (umask 077; mkdir "$D") && break; D=; done`,
  `trap 'rm -rf "$D"; stty echo' 0`,
  `t() { LC_ALL=C tr ' -~' '\\240-\\376'; }`,
  `f() { F=$(t); printf '%s\\n' "$F"; }`,
  `u() { w=; r=$1; while [ "$r" ]; do case $r in ${Array.from({ length: 10 }, (_, n) => `${n}*) w=$w'${highBit(`${n}`)}';;`).join(" ")} esac; r=\${r#?}; done; }`,
  `if cksum </dev/null >/dev/null; then C=c; s() { cksum; }; k() { cksum <"$1"; }; elif md5sum </dev/null >/dev/null; then C=m; s() { md5sum; }; k() { h=$(md5sum <"$1") && set -- "$1" $h && echo $2 $(wc -c <"$1"); }; else C=l; s() { echo 0; }; k() { h=$(wc -c <"$1") && echo 0 $h; }; fi`,
  "if base64 -w0 </dev/null; then B=b; e() { base64 -w0; }; elif base64 </dev/null; then B=b; e() { base64; }; else B=o; e() { od -An -v -to1; }; fi",
  `v() { [ "$2" = \${#3} ] && set -- "$1" $(printf %s "$3" | s) && case $C$2 in "c$1"|"l$1") ;; m*) [ \${#1} = 8 ] && case $2 in $1*) ;; *) false;; esac;; *) false;; esac; }`,
  `j() { [ -s "$1" ] || return; set -- "$1" $(k "$1"); printf '%s %s' "$2" "$3"; [ "$3" -gt 1536 ] || { printf ,; e <"$1"; }; }`,
  `z() { if [ -s "$D/$1.o" ] || [ -s "$D/$1.e" ]; then { printf '{z:%s:%s:%s:%s:%s:' "$2" "$2" "$3" "$3" $B; j "$D/$1.o"; printf :; j "$D/$1.e"; printf '}'; } | f; else u "$2"; y=$w; u "$3"; printf "${highBit("{z:")}$y${highBit(":")}$y${highBit(":")}$w${highBit(":")}$w${highBit(":b::}")}\\n"; fi; }`,
  `y() { eval "[ \\"\\$I$1\\" = $2 ]" || return; jobs >/dev/null; eval "kill -0 \\$J$1"; set -- "$1" "$2" $?; if [ -s "$D/$1.x" ]; then read -r s <"$D/$1.x"; z "$1" "$2" "$s"; elif [ $3 != 0 ]; then z "$1" "$2" ${vanished}; fi; }`,
  `x() { jobs >/dev/null; eval "I$1=$2"; true >"$D/$1.x"; set -m; { trap : TERM; if cd "$3"; then if [ $H ]; then petri-agent run "$D/$1.w" -- sh "$D/$1.s" <"$4" >"$D/$1.o" 2>"$D/$1.e"; s=$?; read -r h <"$D/$1.w" && s=$h; else sh "$D/$1.s" <"$4" >"$D/$1.o" 2>"$D/$1.e"; s=$?; fi; else true >"$D/$1.o"; true >"$D/$1.e"; s=${noFolder}; fi; echo $s >"$D/$1.x"; z "$1" "$2" $s; } & eval "J$1=$!"; set +m; }`,
  `b() { eval "U$1=0"; }`,
  `g() { eval "h=\\$U$1"; [ $h = 0 ]; }`,
  `n() { g $1 && { { true >"$2"; } 2>"$D/$1.m" || eval "U$1=1"; }; }`,
  `p() { g $1 && { { printf "$2" >>"$3"; } 2>"$D/$1.m" || eval "U$1=1"; }; }`,
  `a() { l=$(dd bs=4095 count=1); if v "$2" "$3" "$l"; then l=\${l#=}; g $1 && { { if [ $B = b ]; then printf %s "$l" | base64 -d; else printf "$l"; fi >>"$4"; } 2>"$D/$1.m" || eval "U$1=1"; }; else N=$M; G=1; fi; }`,
  `c() { if g $1; then x "$@"; else z "$1" "$2" ${notKept}; fi; }`,
  `o() { dd if="$1" bs=$2 skip=$3 count=1 >"$D/c"; { printf '{r:%s:%s:%s:%s:' "$N" "$N" "$(k "$D/c")" $B; e <"$D/c"; printf '}'; } | f; }`,
  `m() { s=; if [ -d "$2" ]; then echo Is a directory >"$D/$1.m"; set -- $1 "$2" 1; elif [ $3 = 0 ]; then s=$(k "$2" 2>"$D/$1.m"); set -- $1 "$2" $?; fi; { printf '{m:%s:%s:%s:%s:%s:' "$N" "$N" $3 "$s" $B; e <"$D/$1.m"; printf '}'; } | f; }`,
  `q() { i=\${1%% *}; b=\${1#* }; c=\${b%% *}; b=\${b#* }; m=\${b%% *}; b=\${b#* }; G=; if ! v "$c" "$m" "$i $b"; then G=1; elif [ "$i" != "$N" ]; then M=$N; N=$i; R=; eval "$b"; fi; if [ "$G" ]; then printf "${highBit(`{${garbled}}`)}\\n"; else u $N; printf "${highBit("{a:")}$w${highBit(":")}$w${highBit("}")}\\n"; eval "$R"; fi; }`,
  "N=; R=",
  `H=; petri-agent run "$D/w" -- true && H=1`,
  `printf '{i:%s:%s:%s:%s:%s}' "$C" "$B" "$(uname -s)" "$H" "$D" | f`,
  `while IFS= read -r l; do case $l in @*) q "\${l#@}";; .) break;; ''|=*) ;; *) printf "${highBit(`{${garbled}}`)}\\n";; esac; done`,
] as const;

/** What is typed once the loader runs, in lines no longer than a terminal takes. */
export const agent = `${script.join("\n")}\n.${script.join("").length + script.length}\n`;

/** Typed to end it: the prompt comes back. */
export const leave = "\n.\n";

/**
 * One request as it is typed. The body is shell, in one line of printable ASCII. The checksum is the number's too: with
 * a digit lost a request that comes again would pass for another one, and run twice.
 */
export function requestLine(id: number, body: string, sums: SumKind): string {
  const bytes = Buffer.from(`${id} ${body}`, "latin1");
  return `@${id} ${shortSum(bytes, sums)} ${bytes.length} ${body}\n`;
}

/** Any path as one word of a shell, in printable ASCII. @throws UsageError for one that no shell can take */
export function pathWord(path: string): string {
  if (path === "" || path.includes("\0") || path.endsWith("\n"))
    throw new UsageError(`${JSON.stringify(path)} is no path of a guest's`);
  return /^[ -~]+$/.test(path) ? quote(path) : `"$(printf '${printfFormat(Buffer.from(path))}')"`;
}

/** Bytes as a format of printf(1): printable ASCII in one line, whatever they are. */
export function printfFormat(bytes: Uint8Array): string {
  let format = "";
  for (const byte of bytes) {
    const isSpecial = byte === 0x25 || byte === 0x27 || byte === 0x5c || (byte === 0x2d && format === "");
    const isPlain = byte >= 0x20 && byte < 0x7f && !isSpecial;
    format += isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return format;
}
