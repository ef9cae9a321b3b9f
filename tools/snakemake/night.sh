#!/usr/bin/env bash
# Plans one night and has Snakemake do it: on this machine, or on Slurm.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: tools/snakemake/night.sh --config FILE --state DIR [--pitwatch PROGRAM] [--partition NAME] [--rerun-partition NAME]
                                [-- SNAKEMAKE OPTION...]
Plans the night (pitwatch plan), then runs its units and the merge by Snakemake (7.21), by default on all cores. Called again, it
does what is new since; nothing, if nothing is.
  --config FILE    options of pitwatch run
  --state DIR      the state; on a cluster, on a file system that all nodes share
  -- --dry-run     what would be done
  -- --profile tools/snakemake/slurm    on Slurm, in the queues --partition and, after a failure, --rerun-partition
Exit code: 0; 4, units without a result after three tries, the others are merged; or that of pitwatch plan or merge.
END_OF_USAGE
}

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(dirname "$(dirname "$tools")")/build/pitwatch
config='' state='' partition='' rerun_partition=''
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    --config) config=$(realpath -e -- "${2-}") ;;
    --state) state=$(realpath -m -- "${2-}") ;;
    --pitwatch) program=$(realpath -e -- "${2-}") ;;
    --partition) partition=${2-} ;;
    --rerun-partition) rerun_partition=${2-} ;;
    *) usage >&2; exit 2 ;;
  esac
  shift $(($# > 1 ? 2 : 1))
done
if [[ -z $config || -z $state ]]; then usage >&2; exit 2; fi
cores=(--cores all) is_dry=false
for option in "$@"; do
  case $option in
    --cores* | -c* | --jobs* | -j* | --profile*) cores=() ;;
    --dry-run | --dryrun | -n) is_dry=true ;;
  esac
done

mkdir -p "$state/snakemake"
exec {lock}>"$state/snakemake/lock"
if ! flock --nonblock "$lock"; then
  echo "night.sh: a night of $state is under way" >&2
  exit 75
fi
code=0
"$program" plan --config "$config" --state "$state" >/dev/null || code=$?
if ((code != 0 && code != 4)); then exit "$code"; fi  # 4: some scenes were skipped, each named

merge() { exec "$program" merge --config "$config" --state "$state"; }
# Without news no unit, and Snakemake is not called; what was not seen goes on record every night.
if [[ $(wc -l <"$state/plan.jsonl") -le 1 ]]; then
  echo "night.sh: nothing new" >&2
  if $is_dry; then exit 0; fi
  merge
fi
# --rerun-triggers mtime: another program or number of threads makes no other results of a planned night. --nolock: the lock
# above ends with this process, Snakemake's own outlives one that was killed.
code=0
snakemake --snakefile "$tools/Snakefile" --directory "$state/snakemake" --rerun-triggers mtime --rerun-incomplete --keep-going \
  --nolock "${cores[@]}" "$@" \
  --config "config=$config" "state=$state" "pitwatch=$program" "partition=$partition" \
  "rerun_partition=${rerun_partition:-$partition}" || code=$?
if ((code == 0)) || $is_dry; then exit "$code"; fi
merge  # with failed units Snakemake does not come to it: what was done is published, the others are named
