#!/usr/bin/env bash
# Puts faults into the code, one at a time, and sees whether the tests notice.
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'END'
usage: tests/mutants/run.sh [OPTION...] [PLACE...]
Goes through the mutants of tests/mutants/PLACE.txt (default: of all places). In a copy of the working tree each is put
in, the test program built, and the tests run that the mutant names: they must fail. Where one does not, all tests of
the place are run, to tell which do.
  --check        builds nothing: only whether its old text stands in its file exactly once and its tests exist
  --only TEXT    of mutants whose name holds TEXT
  --scratch DIR  the copy, which is kept, so that the next call builds little (default: build/mutants)
Prints a line for each: killed, survived, does not apply, does not compile. Exit code 0 if all are killed, 1 if not.
Environment: JOBS, compilations at once.

A place's file has, once, the test program and the files or folders of the tests that are run:
  program: unit_tests
  tests: tests/unit/monitor
and for each mutant, one or more lines of old and of new text, each behind "- " or "+ ":
  mutant: what it breaks, in plain English
  file: pipeline/monitor/observe.cpp
  - exact old text
  + new text
  killed by: Suite.Test Suite.OtherTest
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$root/build/mutants
marker=.scratch_of_mutants
check_only=
only=
places=()
while (($#)); do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --check) check_only=yes ;;
    --only) only=${2:?--only TEXT}; shift ;;
    --scratch) scratch=$(realpath -m "${2:?--scratch DIR}"); shift ;;
    -*) usage >&2; exit 2 ;;
    *) places+=("$1") ;;
  esac
  shift
done
if ((${#places[@]} == 0)); then
  for list in "$root"/tests/mutants/*.txt; do places+=("$(basename "$list" .txt)"); done
fi

all_are_killed=yes

# report WORD [DETAIL]: of the mutant that is being tried.
report() {
  if [[ $1 != killed ]]; then all_are_killed=no; fi
  printf '%-17s %s: %s%s\n' "$1" "$place" "$mutant" "${2:+ ($2)}"
}

# text_of FILE: all of it, with the last line ends that $(...) drops; into $text.
text=
text_is_of=
text_of() {
  if [[ $text_is_of == "$1" ]]; then return; fi
  text_is_of=$1
  text=$(cat "$root/$1" && printf x)
  text=${text%x}
}

# The mutants of a place: for_each_mutant LIST calls try_mutant with mutant, file, old, new and killers set.
for_each_mutant() {
  local line
  mutant='' file='' old='' new='' killers=()
  while IFS= read -r -u 3 line || [[ -n $line ]]; do
    case $line in
      'program: '*) program=${line#*: } ;;
      'tests: '*) read -r -a test_paths <<<"${line#*: }" ;;
      'mutant: '*) mutant=${line#*: } file='' old='' new='' killers=() ;;
      'file: '*) file=${line#*: } ;;
      '- '* | -) old+=${old:+$'\n'}${line:2} ;;
      '+ '* | +) new+=${new:+$'\n'}${line:2} ;;
      'killed by: '*)
        read -r -a killers <<<"${line#*: }"
        if [[ -z $only || $mutant == *"$only"* ]]; then try_mutant; fi
        ;;
      '#'* | '') ;;
      *) echo "$1: what is this: $line" >&2; exit 2 ;;
    esac
  done 3<"$1"
}

# Whether the old text stands in the file once; sets $text and says otherwise why not.
applies() {
  if [[ ! -f $root/$file ]]; then report 'does not apply' "no file $file"; return 1; fi
  text_of "$file"
  if [[ -z $old || $text != *"$old"* ]]; then report 'does not apply' "its old text is not in $file"; return 1; fi
  # Not ${text#*...}, which takes a second.
  local rest=${text/"$old"/}
  if [[ $rest == *"$old"* ]]; then report 'does not apply' "its old text is in $file more than once"; return 1; fi
}

# The tests of the place as Suite.Name of each TEST, TEST_F and TEST_P; into $known.
known=
known_of=
find_tests() {
  if [[ $known_of == "$place" ]]; then return; fi
  known_of=$place
  known=$(cd "$root" && find "${test_paths[@]}" -name '*_test.cpp' -exec cat {} + | tr -s ' \n' ' ' |
    grep -oE 'TEST(_F|_P)?\([A-Za-z0-9_]+, ?[A-Za-z0-9_]+\)' | sed -E 's/^TEST(_F|_P)?\(([^,]+), ?([^)]+)\)/\2.\3/')
}

check_mutant() {
  applies || return 0
  find_tests
  local killer
  if ((${#killers[@]} == 0)); then report 'does not apply' 'it names no test'; return; fi
  for killer in "${killers[@]}"; do
    if [[ $'\n'$known$'\n' != *$'\n'"$killer"$'\n'* ]]; then report 'does not apply' "no test $killer"; return; fi
  done
  ((++checked))
}

# ---- the copy ----

copy_tree() {
  if [[ -d $scratch && ! -e $scratch/$marker && -n $(ls -A "$scratch") ]]; then
    echo "$scratch: is no copy made by this script" >&2
    exit 2
  fi
  mkdir -p "$scratch"
  touch "$scratch/$marker"
  local path
  local -A wanted=([$marker]=1)
  while IFS= read -r -d '' path; do
    [[ -f $root/$path ]] || continue
    wanted[$path]=1
    # What is the same keeps its time, so that it is not built again.
    cmp -s "$root/$path" "$scratch/$path" || cp --parents "$path" "$scratch/"
  done < <(cd "$root" && git ls-files -z --cached --others --exclude-standard)
  while IFS= read -r -d '' path; do
    path=${path#./}
    if [[ -z ${wanted[$path]:-} ]]; then rm -f "$scratch/$path"; fi
  done < <(cd "$scratch" && find . \( -name .git -o -path './build*' \) -prune -o -type f -print0)
}

# build PROGRAM: configures the first time alone; what it says goes into build.log.
is_configured=
build() {
  if [[ -z $is_configured ]]; then
    "$scratch/tools/build.sh" release "$1" >"$scratch/build.log" 2>&1 && is_configured=yes
  else
    ninja --quiet -C "$scratch/build" -j "${JOBS:-$(nproc)}" "$1" >"$scratch/build.log" 2>&1
  fi
}

# run_tests FILTER: the names of those that failed, or crashed, or did not end, into $failed.
run_tests() {
  local output=$scratch/build/mutants_output.txt code=0
  timeout 300 "$scratch/build/tests/$program" --gtest_filter="$1" --gtest_color=no >"$output" 2>&1 || code=$?
  failed=$(sed -nE 's/^\[  FAILED  \] ([^ ,]+\.[^ ,]+)( \(.*|, where .*)?$/\1/p' "$output" | sort -u)
  if ((code > 1)); then failed+=$'\n'$(sed -nE 's/^\[ RUN      \] (.*)$/\1/p' "$output" | tail -1); fi
}

run_place() {
  local suite filter=''
  find_tests
  while read -r suite; do filter+="$suite.*:*/$suite.*:"; done < <(cut -d. -f1 <<<"$known" | sort -u)
  run_tests "$filter"
}

has_failed() {
  local name
  for name in $failed; do
    if [[ /$name/ == */"$1"/* ]]; then return 0; fi
  done
  return 1
}

# The tests that the mutant names: into $passed those that did not fail.
run_killers() {
  local killer filter=''
  for killer in "${killers[@]}"; do filter+="$killer:*/$killer/*:"; done
  run_tests "$filter"
  passed=''
  for killer in "${killers[@]}"; do has_failed "$killer" || passed+="$killer "; done
}

try_mutant() {
  if [[ -n $check_only ]]; then check_mutant; return; fi
  applies || return 0
  prepare
  printf '%s' "${text/"$old"/"$new"}" >"$scratch/$file"
  if ! build "$program"; then
    report 'does not compile' "$(grep -m1 ' error: ' "$scratch/build.log" || true)"
  else
    run_killers
    if [[ -z $passed ]]; then
      report killed
    else
      run_place
      report survived "${passed}passed; failed: $(tr '\n' ' ' <<<"${failed:-none}")"
    fi
  fi
  printf '%s' "$text" >"$scratch/$file"
}

# Once for each place: what is not changed must pass.
prepared=
prepare() {
  if [[ $prepared == "$place" ]]; then return; fi
  if [[ -z $prepared ]]; then (cd "$root" && copy_tree); fi
  prepared=$place
  if ! build "$program"; then
    cat "$scratch/build.log" >&2
    exit 1
  fi
  run_place
  if [[ -n $failed ]]; then
    echo "$place: tests fail without any mutant: $failed" >&2
    exit 1
  fi
}

checked=0
for place in "${places[@]}"; do
  if [[ ! -f $root/tests/mutants/$place.txt ]]; then echo "no list of mutants of $place" >&2; exit 2; fi
  for_each_mutant "$root/tests/mutants/$place.txt"
done
if [[ -n $check_only ]]; then echo "$checked mutants apply"; fi
[[ $all_are_killed == yes ]]
