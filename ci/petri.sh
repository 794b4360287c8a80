#!/usr/bin/env bash
# The script of the pipelines beside this file: shows what this host can run, then runs the VM tests.
# Arguments go to `petri test`; REQUIRE names the VMMs whose absence must turn the job red (default: qemu,v86).
set -euo pipefail

# A hosted runner has /dev/kvm but not always the right to open it; without the right everything runs on tcg.
if [ -e /dev/kvm ] && [ ! -w /dev/kvm ] && sudo -n true 2>/dev/null; then
  sudo -n chmod a+rw /dev/kvm
fi

npx petri doctor || true
npx petri test --require "${REQUIRE:-qemu,v86}" "$@"
