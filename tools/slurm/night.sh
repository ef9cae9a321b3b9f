#!/usr/bin/env bash
# Plans one night and gives it to Slurm: an array of units, and a merge that waits for it.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: tools/slurm/night.sh --config FILE --state DIR [options]
Plans the night (pitwatch plan) and submits it to Slurm: a job array of its units, and a job after it that runs those units again
which have no result, in a queue of their own, and then merges. All paths must be the same on all nodes.
  --config FILE            options of pitwatch run; those of a file of its own for Slurm, if need be
  --state DIR              the state, on a file system that all nodes share
  --pitwatch PROGRAM       default: build/pitwatch of this tree
  --partition NAME         queue of units and merge; default: Slurm's
  --rerun-partition NAME   queue of the reruns; default: the same
  --reruns N               times that units without a result are run again; default 2
  --at-once N              units at once; default 1000
  --merge-memory MIB       memory of the merge; default 2048
  --logs DIR               what jobs say; default: DIR/logs of the state
Prints the job id of the merge. Exit code 75: jobs of a night of this state are still queued; others are those of pitwatch plan,
or 1 where Slurm refuses.
END_OF_USAGE
}

NIGHT_TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
NIGHT_PROGRAM=$(dirname "$(dirname "$NIGHT_TOOLS")")/build/pitwatch
NIGHT_CONFIG='' NIGHT_STATE='' NIGHT_PARTITION='' NIGHT_RERUN_PARTITION='' NIGHT_LOGS=''
NIGHT_RERUNS=2 NIGHT_AT_ONCE=1000 NIGHT_MERGE_MIB=2048
# shellcheck source=tools/slurm/jobs.sh
source "$NIGHT_TOOLS/jobs.sh"

while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --config | --state | --pitwatch | --partition | --rerun-partition | --reruns | --at-once | --merge-memory | --logs)
      if [[ -z ${2-} ]]; then complain "$1 needs a value"; exit 2; fi ;;&
    --config) NIGHT_CONFIG=$(realpath -e -- "$2") ;;
    --state) NIGHT_STATE=$(realpath -m -- "$2") ;;
    --pitwatch) NIGHT_PROGRAM=$(realpath -e -- "$2") ;;
    --partition) NIGHT_PARTITION=$2 ;;
    --rerun-partition) NIGHT_RERUN_PARTITION=$2 ;;
    --reruns) NIGHT_RERUNS=$2 ;;
    --at-once) NIGHT_AT_ONCE=$2 ;;
    --merge-memory) NIGHT_MERGE_MIB=$2 ;;
    --logs) NIGHT_LOGS=$(realpath -m -- "$2") ;;
    *) usage >&2; exit 2 ;;
  esac
  shift 2
done
if [[ -z $NIGHT_CONFIG || -z $NIGHT_STATE ]]; then usage >&2; exit 2; fi
for number in "$NIGHT_RERUNS" "$NIGHT_AT_ONCE" "$NIGHT_MERGE_MIB"; do
  if [[ ! $number =~ ^[0-9]{1,6}$ ]]; then complain "not a number: $number"; exit 2; fi
done
NIGHT_PARTITION=${NIGHT_PARTITION:-$(scontrol --oneliner show partition | sed -n 's/^PartitionName=\([^ ]*\) .*Default=YES.*/\1/p')}
NIGHT_RERUN_PARTITION=${NIGHT_RERUN_PARTITION:-$NIGHT_PARTITION}
NIGHT_NAME=pitwatch-$(printf '%s' "$NIGHT_STATE" | sha256sum | cut -c 1-12)

if [[ -n $(squeue --noheader --name="$NIGHT_NAME" --format=%i) ]]; then
  complain "jobs of a night of $NIGHT_STATE are still queued: squeue --name=$NIGHT_NAME"
  exit 75
fi
mkdir -p "$NIGHT_STATE"
code=0
"$NIGHT_PROGRAM" plan --config "$NIGHT_CONFIG" --state "$NIGHT_STATE" >/dev/null || code=$?
if ((code != 0 && code != 4)); then exit "$code"; fi  # 4: some scenes were skipped, each named
NIGHT_PLAN=$(plan_id)
if [[ -z $NIGHT_PLAN ]]; then complain "$NIGHT_STATE/plan.jsonl: no plan with an id"; exit 1; fi
NIGHT_LOGS=${NIGHT_LOGS:-$NIGHT_STATE/logs}/$NIGHT_PLAN
mkdir -p "$NIGHT_LOGS"
export "${!NIGHT_@}"

mapfile -t arrays < <(missing_units | submit_units "$NIGHT_PARTITION")
wait $!
submit_merge 0 "${arrays[@]}"
