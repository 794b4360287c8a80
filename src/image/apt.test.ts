import { expect, test } from "vitest";
import { parseCandidates, parseStanzas } from "./apt.ts";

test("reads apt's choice per package, and none for a package it only heard of", () => {
  const policy = `busybox-static:
  Installed: (none)
  Candidate: 1:1.35.0-4+deb12u1+b1
  Version table:
     1:1.35.0-4+deb12u1+b1 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
some-virtual-package:
  Installed: (none)
  Candidate: (none)
  Version table:
grub-common:
  Installed: 2.06-13
  Candidate: 2.06-13+deb12u2
  Version table:
     2.06-13+deb12u2 500
`;
  expect([...parseCandidates(policy)]).toEqual([
    ["busybox-static", "1:1.35.0-4+deb12u1+b1"],
    ["grub-common", "2.06-13+deb12u2"],
  ]);
});

test("reads what a package is, and what it depends on, by name alone", () => {
  const stanza = `Package: linux-image-686
Architecture: i386
Version: 6.1.176-1
Depends: linux-image-6.1.0-50-686 (= 6.1.176-1), a:any | b
Filename: pool/main/l/linux/x.deb
Size: 1476
SHA256: ${"ab".repeat(32)}
Description: Linux for older PCs
 Depends: not this one

Package: without-digest
Version: 1
`;
  expect(parseStanzas(stanza)).toEqual([
    {
      name: "linux-image-686",
      arch: "i386",
      version: "6.1.176-1",
      sha256: "ab".repeat(32),
      depends: ["linux-image-6.1.0-50-686", "a:any", "b"],
    },
  ]);
});
