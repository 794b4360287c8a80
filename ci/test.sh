#!/usr/bin/env bash
# All of Petri's own checks, in the order in which they fail fastest. `npm test` runs this.
set -euo pipefail
cd "$(dirname "$0")/.."

node ci/setup.mjs
npm run --silent build
npm run --silent typecheck
npm run --silent lint
node fixtures/petri-guest/build.mjs --check || [ $? -eq 77 ]
node fixtures/petri-agent/build.mjs --check || [ $? -eq 77 ]
npx vitest run
# README's first command leaves out what takes its time.
ALL_VMMS=1 bash ci/petri.sh --floor ci/floor.json
bash ci/doubles.sh
