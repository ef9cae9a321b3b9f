#!/usr/bin/env bash
# The scripts of tools/ without a cluster: that they can be parsed, and what they make of plans.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
failures=0
fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}
# expect_is WHAT GOT WANTED
expect_is() { if [[ $2 != "$3" ]]; then fail "$1: '$2', not '$3'"; fi; }

while IFS= read -r script; do
  bash -n "$script" || fail "$script"
done < <(find "$root/tools" "$root/tests" "$root/benchmarks" "$root/.ci" -name '*.sh' -o -path '*/.ci/run')
if command -v shellcheck >/dev/null; then
  (cd "$root" && shellcheck --external-sources tools/slurm/*.sh tools/snakemake/*.sh tools/snakemake/slurm/*.sh) || fail shellcheck
fi

# shellcheck source=tools/slurm/jobs.sh
source "$root/tools/slurm/jobs.sh"
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
NIGHT_STATE=$state NIGHT_PLAN=0123456789abcdef NIGHT_NAME=night NIGHT_LOGS=logs NIGHT_TOOLS=tools NIGHT_AT_ONCE=50
export NIGHT_STATE NIGHT_PLAN NIGHT_NAME NIGHT_LOGS NIGHT_TOOLS NIGHT_AT_ONCE

expect_is "ranges" "$(printf '%s\n' 2 3 4 7 9 10 | ranges)" "2-4,7,9-10"
expect_is "one" "$(echo 5 | ranges)" "5"
expect_is "none" "$(ranges </dev/null)" ""

# Slurm's own commands, for what they are asked.
scontrol() { echo "MaxArraySize            = ${array_size:-1001}"; }
sbatch() {
  echo "$*" >>"$state/asked"
  echo "17;cluster"
}
header='{"plan":1,"id":"0123456789abcdef","made":"2026-01-01T00:00:00Z","options":{"id":"\"id\":\"other\""}}'
# unit NAME MIB SECONDS [INPUT]
unit() {
  printf '{"unit":"%s","site":"s","inputs":["%s"],"memory_bytes":%d,"seconds":%s,"after":[],"scenes":null}\n' "$1" "${4-}" \
    $(($2 * 1048576)) "$3"
}
{
  echo "$header"
  unit a 100 0.4 'x\",\"unit\":\"evil\",\"seconds\":\"9'
  unit b 600 1200.5
  unit c 512 90
  unit d:1-2 1024 7
} >"$state/plan.jsonl"
expect_is "plan" "$(plan_id)" 0123456789abcdef
unit_of "$(sed -n 2p "$state/plan.jsonl")"
expect_is "a text within" "$REPLY" a
mkdir -p "$state/units/$NIGHT_PLAN"
expect_is "all are missing" "$(missing_units | ranges)" 2-5
touch "$state/units/$NIGHT_PLAN/c.json"
expect_is "one is there" "$(missing_units | ranges)" 2-3,5
rm "$state/units/$NIGHT_PLAN/c.json"
expect_is "two arrays, by memory" "$(missing_units | submit_units night | paste -sd ' ')" "17 17"
expect_is "memory, time, tasks" "$(grep -o -e '--array=[^ ]*' -e '--mem=[^ ]*' -e '--time=[^ ]*' "$state/asked" | paste -sd ' ')" \
  "--array=2,4%50 --mem=512M --time=26 --array=3,5%50 --mem=1024M --time=211"

# More units than an array may have.
rm "$state/asked"
array_size=3 submit_units night < <(seq 2 5) >/dev/null
expect_is "short arrays" "$(grep -o -e '--array=[^ ]*' -e 'unit [0-9]*' "$state/asked" | paste -sd ' ')" \
  "--array=2%50 unit 0 --array=1%50 unit 3 --array=0,2%50 unit 3"

refused() {
  { echo "$header"; echo "$1"; } >"$state/plan.jsonl"
  if echo 2 | submit_units night >/dev/null 2>"$state/said"; then fail "was submitted: $1"; fi
  expect_is "lines that say why" "$(wc -l <"$state/said")" 1
  grep -q "plan.jsonl:2: " "$state/said" || fail "names no line: $(cat "$state/said")"
}
refused 'no json'
refused '{"unit":"../x","memory_bytes":1,"seconds":1,"after":[]}'
refused '{"unit":"x","memory_bytes":1,"after":[]}'
refused '{"unit":"x","memory_bytes":1,"seconds":1,"after":["y"]}'

exit $((failures > 0))
