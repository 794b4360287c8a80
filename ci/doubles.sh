#!/usr/bin/env bash
# The VM tests that show where VMMs differ, on doubles of those that this host cannot have (docs/what-runs-where.md).
# Arguments go to `petri test`.
set -euo pipefail
cd "$(dirname "$0")/.."

export PETRI_BHYVE="$PWD/fixtures/vmms/bhyve" PETRI_VMCTL="$PWD/fixtures/vmms/vmctl"
export PETRI_OPENVMM="$PWD/fixtures/vmms/openvmm/openvmm"
# Each start of a double takes up to three programs of Node, which a busy host starts slowly.
npx petri test --vmm bhyve,vmctl,openvmm --timeout-scale 6 "$@" petri-tests/boot/petri-guest.test.ts petri-tests/power/{matrix,events,actions}.test.ts \
  petri-tests/vm petri-tests/vmms
