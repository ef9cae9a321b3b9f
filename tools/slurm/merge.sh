#!/usr/bin/env bash
# Job of Slurm, after the units: those without a result run again in the queue for reruns, and this job after them; when all
# have theirs, or have had their chances, the results are merged. Exit code: that of pitwatch merge.
set -euo pipefail
# shellcheck source=tools/slurm/jobs.sh
source "$NIGHT_TOOLS/jobs.sh"

echo "$(date --utc +%FT%TZ) $(uname -n) job $SLURM_JOB_ID, reruns so far: $NIGHT_ATTEMPT" >&2
if [[ $(plan_id) != "$NIGHT_PLAN" ]]; then
  complain "plan $NIGHT_PLAN has been replaced by another"
  exit 3
fi
mapfile -t missing < <(missing_units)
if ((${#missing[@]} > 0 && NIGHT_ATTEMPT < NIGHT_RERUNS)); then
  echo "${#missing[@]} units have no result: run again in $NIGHT_RERUN_PARTITION" >&2
  mapfile -t arrays < <(printf '%s\n' "${missing[@]}" | submit_units "$NIGHT_RERUN_PARTITION")
  wait $!
  submit_merge $((NIGHT_ATTEMPT + 1)) "${arrays[@]}"
  exit 0
fi

# 69, 75: the register's server cannot be reached, or someone else is at the state.
for pause in 5 10 20 40 60 60 60 0; do
  code=0
  "$NIGHT_PROGRAM" merge --config "$NIGHT_CONFIG" --state "$NIGHT_STATE" || code=$?
  if ((code != 69 && code != 75)); then break; fi
  sleep "$pause"
done
exit "$code"
