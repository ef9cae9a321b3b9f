#!/usr/bin/env bash
# What the scripts of this folder have in common: to be sourced. A night is what these variables say; jobs inherit them.
#   NIGHT_TOOLS     this folder, the same on all nodes         NIGHT_PROGRAM   pitwatch, likewise
#   NIGHT_CONFIG    its INI file                               NIGHT_STATE     its state
#   NIGHT_PLAN      id of the plan that the jobs are of        NIGHT_NAME      name of all jobs of the night
#   NIGHT_LOGS      folder of what jobs say                    NIGHT_AT_ONCE   units at once
#   NIGHT_PARTITION, NIGHT_RERUN_PARTITION   queues            NIGHT_RERUNS    times that units without result run again

complain() { echo "${0##*/}: $*" >&2; }

# plan_id: that of STATE/plan.jsonl, or nothing.
plan_id() {
  local header
  IFS= read -r header 2>/dev/null <"$NIGHT_STATE/plan.jsonl" || return 0
  if [[ $header =~ \"id\":[[:space:]]*\"([A-Za-z0-9._:-]+)\" ]]; then echo "${BASH_REMATCH[1]}"; fi
}

# field LINE NAME PATTERN: REPLY is a value of one line of the plan; empty where it has none. Quotes within texts are escaped, so
# that a text cannot pass for a name. No process is started: a plan has thousands of lines.
field() {
  local pattern="\"$2\":[[:space:]]*\"?($3)[\",}]"
  REPLY=''
  if [[ $1 =~ $pattern ]]; then REPLY=${BASH_REMATCH[1]}; fi
}

unit_of() { field "$1" unit '[A-Za-z0-9._:-]+'; }

seconds_of() {
  field "$1" seconds '[0-9.e+-]+'
  REPLY=${REPLY%%[.e]*}
}

# missing_units: numbers of those lines of the plan whose unit has no result yet.
missing_units() {
  local line number=0
  while IFS= read -r line; do
    number=$((number + 1))
    unit_of "$line"
    if ((number > 1)) && [[ ! -e $NIGHT_STATE/units/$NIGHT_PLAN/$REPLY.json ]]; then echo "$number"; fi
  done <"$NIGHT_STATE/plan.jsonl"
}

# ranges: line numbers, ascending, one a line, as Slurm wants them: 2-5,9
ranges() {
  awk 'function range(a, b) { return (b > a) ? a "-" b : a }
       NR > 1 && $1 == last + 1 { last = $1; next }
       NR > 1 { printf "%s,", range(first, last) }
       { first = last = $1 }
       END { if (NR) printf "%s", range(first, last) }'
}

# submit_units PARTITION <LINES: those lines of the plan, by number, as job arrays, a task for each; prints the arrays' ids.
# Units that need about as much memory are in one array, since memory and time are asked for by array; and an array has no
# more tasks than Slurm lets it have, NIGHT_OFFSET being the line before its first.
submit_units() {
  local size line_number text unit memory seconds class key array offset
  local -A of_class=() longest=()
  size=$(scontrol show config | awk '$1 == "MaxArraySize" { print $3 }')
  ((size > 1)) || size=1001
  local -a plan
  mapfile -t plan <"$NIGHT_STATE/plan.jsonl"
  while read -r line_number; do
    text=${plan[line_number - 1]-}
    unit_of "$text" && unit=$REPLY
    field "$text" memory_bytes '[0-9]+' && memory=$REPLY
    seconds_of "$text" && seconds=$REPLY
    if [[ -z $unit || -z $memory || -z $seconds ]]; then
      complain "$NIGHT_STATE/plan.jsonl:$line_number: no unit with memory and seconds"
      return 1
    fi
    if [[ ! $text =~ \"after\":[[:space:]]*\[[[:space:]]*\] ]]; then
      complain "$NIGHT_STATE/plan.jsonl:$line_number: $unit waits for other units, which is not known here"
      return 1
    fi
    class=512  # MiB
    while ((class * 1048576 < memory)); do class=$((class * 2)); done
    key="$class $((line_number / size * size))"
    of_class[$key]+=$line_number$'\n'
    if ((seconds > ${longest[$key]:-0})); then longest[$key]=$seconds; fi
  done
  while read -r class offset; do
    [[ -n $class ]] || continue
    key="$class $offset"
    array=$(while read -r line_number; do echo $((line_number - offset)); done < <(printf '%s' "${of_class[$key]}") | ranges)
    # Ten times what is expected, and ten minutes: what takes longer is stuck. The watchdog is quicker.
    NIGHT_OFFSET=$offset sbatch --parsable --job-name="$NIGHT_NAME" --partition="$1" --array="$array%$NIGHT_AT_ONCE" \
      --mem="${class}M" --time=$((longest[$key] / 6 + 11)) --requeue --chdir="$NIGHT_STATE" --open-mode=append \
      --comment="unit $offset" --output="$NIGHT_LOGS/%A_%a.log" "$NIGHT_TOOLS/unit.sh" | sed 's/;.*//' || return 1
  done < <(printf '%s\n' "${!of_class[@]}" | sort -n)
}

# submit_merge ATTEMPT JOB...: the job that brings the results together once those jobs have ended, well or not.
submit_merge() {
  local IFS=:
  NIGHT_ATTEMPT=$1 sbatch --parsable --job-name="$NIGHT_NAME" --partition="$NIGHT_PARTITION" --requeue \
    ${2:+--dependency="afterany:${*:2}"} --mem="${NIGHT_MERGE_MIB}M" --chdir="$NIGHT_STATE" --open-mode=append --comment="merge" \
    --output="$NIGHT_LOGS/merge.log" "$NIGHT_TOOLS/merge.sh" | sed 's/;.*//'
}
