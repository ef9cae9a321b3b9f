#!/usr/bin/env bash
# Looks after the jobs of a night: call it every few minutes while there are any.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: tools/slurm/watchdog.sh --state DIR [--times N] [--grace SECONDS] [--restarts N]
For the jobs that night.sh submitted for that state:
  - a unit that takes more than --times (5) its expected time and --grace (900 s) is stuck: it is requeued, at most --restarts (2)
    times; then it is cancelled, and the merge has it run again in the queue for reruns
  - a job that Slurm holds because a node could not start it (full disk) is released
Prints a line for each. Exit code 0.
END_OF_USAGE
}

# shellcheck source=tools/slurm/jobs.sh
source "$(dirname "${BASH_SOURCE[0]}")/jobs.sh"
NIGHT_STATE='' times=5 grace=900 restarts=2
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --state) NIGHT_STATE=$(realpath -m -- "${2-}") ;;
    --times) times=${2-} ;;
    --grace) grace=${2-} ;;
    --restarts) restarts=${2-} ;;
    *) usage >&2; exit 2 ;;
  esac
  shift $(($# > 1 ? 2 : 1))
done
if [[ -z $NIGHT_STATE || ! $times$grace$restarts =~ ^[0-9]+$ ]]; then usage >&2; exit 2; fi
name=pitwatch-$(printf '%s' "$NIGHT_STATE" | sha256sum | cut -c 1-12)

# in_seconds [[D-]HH:]MM:SS
in_seconds() { awk -F '[-:]' '{ s = 0; for (i = 1; i <= NF; ++i) s = s * (NF == 4 && i == 2 ? 24 : 60) + $i; print s }' <<<"$1"; }

# Job, index in its array, time used, comment.
while IFS='|' read -r job index used what offset; do
  [[ $what == unit ]] || continue
  line=$(sed -n "$((offset + index))p" "$NIGHT_STATE/plan.jsonl")
  seconds_of "$line"
  expected=$REPLY
  unit_of "$line"
  if (($(in_seconds "$used") <= times * ${expected:-0} + grace)); then continue; fi
  before=$(scontrol --oneliner show job "$job" | sed -n 's/.* Restarts=\([0-9]*\) .*/\1/p')
  if ((${before:-0} < restarts)); then
    echo "$REPLY is stuck after $used: requeued"
    scontrol requeue "$job" || true  # it may have ended meanwhile
  else
    echo "$REPLY is stuck after $used, for the $((before + 1))th time: cancelled"
    scancel "$job" || true
  fi
done < <(squeue --noheader --array --states=RUNNING --name="$name" --format='%A|%K|%M|%k' | sed 's/ \([0-9]*\)$/|\1/')

while IFS='|' read -r job reason; do
  if [[ $reason == *"launch failed requeued held"* ]]; then
    echo "job $job could not be started on its node: released"
    scontrol release "$job" || true
  fi
done < <(squeue --noheader --array --states=PENDING --name="$name" --format='%A|%r')
