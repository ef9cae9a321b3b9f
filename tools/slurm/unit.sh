#!/usr/bin/env bash
# Job of Slurm: one unit of a night, that of line NIGHT_OFFSET + SLURM_ARRAY_TASK_ID of the plan. Requeued, it goes on where it
# was; a unit that has its result does nothing. Exit code: 0, there is a result, else that of pitwatch run.
set -euo pipefail
# shellcheck source=tools/slurm/jobs.sh
source "$NIGHT_TOOLS/jobs.sh"

echo "$(date --utc +%FT%TZ) $(uname -n) job $SLURM_JOB_ID attempt $((${SLURM_RESTART_COUNT:-0} + 1))" >&2
if [[ $(plan_id) != "$NIGHT_PLAN" ]]; then
  complain "plan $NIGHT_PLAN has been replaced by another"
  exit 3
fi
unit_of "$(sed -n "$((NIGHT_OFFSET + SLURM_ARRAY_TASK_ID))p" "$NIGHT_STATE/plan.jsonl")"
unit=$REPLY
if [[ -z $unit ]]; then complain "no unit $SLURM_ARRAY_TASK_ID after line $NIGHT_OFFSET"; exit 3; fi

# 75: someone is at this unit, such as a node that Slurm lost sight of and that works on. It will end, or its lock will.
for pause in 5 10 20 40 60 60 60 0; do
  code=0
  "$NIGHT_PROGRAM" run --config "$NIGHT_CONFIG" --state "$NIGHT_STATE" --unit "$unit" --threads "${SLURM_CPUS_ON_NODE:-1}" || code=$?
  if ((code != 75)); then break; fi
  sleep "$pause"
done
if ((code == 4)); then code=0; fi  # done, some inputs skipped: the merge names them
exit "$code"
