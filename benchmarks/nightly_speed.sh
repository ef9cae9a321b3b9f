#!/usr/bin/env bash
# What a night costs: learning, one more scene, and the state on disk, by size of the site.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/nightly_speed.sh [DIR] [--sizes "KM..."] [--every-days DAYS] [--threads "N..."] [--memory SIZE] [--cpu]
                                   [--profile]
For one site of each size (3 and 10 km by default) simulates a year of cloudless scenes, one each 6 days, in DIR
(build/nightly_speed), and prints for 1 and 2 threads, in seconds
  learn     the first night: reading the history (all scenes but two), learning, taking in one more and saving
  fit       learning alone, the least of three (sites of up to 12 km; learn_history)
  update    a night with the last scene
beside what an update cannot do without:
  decode    decoding the bands of that scene and nothing else
  read      reading the state, checked and unpacked, as the run does
  write     packing and writing it to the disk
  times     update over the sum of these three
and the state's bytes per pixel, seconds per km2 and peak memory, of the first night and of the update (sites of more than
12.8 km are watched in panes that overlap, whose pixels all count). A full tile: --sizes 110 --every-days 54 --threads 2
--memory 8GiB takes 25 GB of disk and half an hour. --profile adds the functions that take most of the CPU time of learning
and of an update (perf). --cpu gives seconds of CPU time, of all threads together, for a machine that does other work at the
same time (not of fit, decode, read and write, which are timed inside). All files are in the page cache.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/build/nightly_speed
sizes="3 10"
every_days=6
thread_counts="1 2"
memory=12GiB
profile=false
clock=%e
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --sizes) sizes=$2; shift 2 ;;
    --every-days) every_days=$2; shift 2 ;;
    --threads) thread_counts=$2; shift 2 ;;
    --memory) memory=$2; shift 2 ;;
    --profile) profile=true; shift ;;
    --cpu) clock=%U+%S; shift ;;
    -*) usage >&2; exit 2 ;;
    *) folder=$1; shift ;;
  esac
done
"$root/tools/build.sh" release pitwatch decode_blocks learn_history state_io
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
pitwatch=$root/build/pitwatch

# make_site KM FILE: a square that is KM wide with 300 m around it watched.
make_site() {
  python3 - "$1" "$2" <<'END_OF_PROGRAM'
import json
import math
import sys

half_m = float(sys.argv[1]) * 500 - 350
x, y = 46.61, 40.15
dx, dy = half_m / (111320 * math.cos(math.radians(y))), half_m / 111040
ring = [[x - dx, y - dy], [x + dx, y - dy], [x + dx, y + dy], [x - dx, y + dy], [x - dx, y - dy]]
site = {"type": "Feature", "properties": {"id": "site", "name": "Site"},
        "geometry": {"type": "Polygon", "coordinates": [ring]}}
json.dump({"type": "FeatureCollection", "features": [site]}, open(sys.argv[2], "w"))
END_OF_PROGRAM
}

calculate() { awk "BEGIN { printf \"%.$1f\", $2 }"; }

# measure COMMAND...: sets seconds and mib.
measure() {
  /usr/bin/time -f "$clock %M" -o "$folder/time.txt" "$@" > /dev/null
  read -r seconds mib <<< "$(tail -n 1 "$folder/time.txt")"
  seconds=$(calculate 2 "$seconds")
  mib=$((mib / 1024))
}

# pixels_of STATE_FILE
pixels_of() {
  python3 - "$1" <<'END_OF_PROGRAM'
import json
import struct
import sys

head = open(sys.argv[1], "rb").read(1 << 20)[40:]
size, = struct.unpack("<Q", head[:8])
grid = json.loads(head[8:8 + size])["grid"].split()
print(int(grid[-2]) * int(grid[-1]))
END_OF_PROGRAM
}

hottest() {
  perf report --input "$folder/perf.data" --stdio --no-children --percent-limit 2 2> /dev/null \
    | sed -n '/^ *[0-9.]*%/s/ \+/ /gp' | cut -c1-150 | head -n 12
}

row() { printf '%5s %8s %8s %7s %7s %7s %6s %6s %6s %11s %12s %13s %15s\n' "$@"; }
row km threads learn fit update decode read write times "byte/pixel" "learn s/km2" "update s/km2" "peak MiB"
for km in $sizes; do
  data=$folder/$km-$every_days
  if [[ ! -e $data/series/truth.geojson ]]; then
    mkdir -p "$data"
    make_site "$km" "$data/site.geojson"
    "$pitwatch" simulate --sites "$data/site.geojson" --from 2021-07-01 --to 2022-07-17 --every-days "$every_days" \
      --clear-sky --size-km "$km" --bands B02,B03,B04,B08,B11,B12 --memory "$memory" --out "$data/series" --quiet
  fi
  scenes=("$data"/series/site/S2*)
  mapfile -t dates < <(basename -a "${scenes[@]}" | cut -d_ -f3 | sort -u)
  iso() { echo "${1:0:4}-${1:4:2}-${1:6:2}"; }
  history_days=$((($(date -d "${dates[-2]}" +%s) - $(date -d "${dates[0]}" +%s)) / 86400 - 1))
  cat "$data"/series/site/S2*/*.tif > /dev/null
  # night STATE THREADS DATE: a run over what there is until then.
  night() {
    measure "$pitwatch" run --sites "$data/site.geojson" --source "$data/series/site" --state "$1" --threads "$2" \
      --to "$(iso "$3")" --history-days "$history_days" --memory "$memory" --quiet
  }
  fits=()
  if ((km <= 12)); then
    read -ra fits < <("$root/build/benchmarks/learn_history" "$data/site.geojson" "$data/series/site" \
      "$(iso "${dates[-3]}")T23:59:59Z")
  fi
  last=("$data"/series/site/S2*_"${dates[-1]}"_*/{B02,B03,B04,B08,B11,B12,SCL}.tif)
  for threads in $thread_counts; do
    state=$data/state-$threads
    rm -rf "$state"
    night "$state" "$threads" "${dates[-2]}"
    learn=$seconds learn_mib=$mib
    night "$state" "$threads" "${dates[-1]}"
    update=$seconds
    pixels=0 bytes=0 read=0 write=0
    for pane in "$state"/sites/site/ "$state"/sites/site/pane-*/; do
      files=("$pane"looks-*.state)
      file=${files[-1]}
      if [[ ! -e $file ]]; then continue; fi
      pixels=$((pixels + $(pixels_of "$file")))
      bytes=$((bytes + $(stat -c %s "$file")))
      read -r one_read one_write <<< "$("$root/build/benchmarks/state_io" "$threads" "$file" "$data/copy.state")"
      rm "$data/copy.state"
      read=$(calculate 3 "$read + $one_read")
      write=$(calculate 3 "$write + $one_write")
    done
    decode=$("$root/build/benchmarks/decode_blocks" pitwatch "$threads" "${last[@]}")
    km2=$(calculate 4 "$km * $km")
    row "$km" "$threads" "$learn" "${fits[threads - 1]:--}" "$update" "$(calculate 2 "$decode")" "$(calculate 2 "$read")" \
      "$(calculate 2 "$write")" "$(calculate 1 "$update / ($decode + $read + $write)")" \
      "$(calculate 0 "$bytes / $pixels")" "$(calculate 3 "$learn / $km2")" "$(calculate 4 "$update / $km2")" \
      "$learn_mib, $mib"
  done
  if $profile; then
    state=$data/state-profile
    rm -rf "$state"
    for night in -2 -1; do
      perf record --quiet --freq 499 --output "$folder/perf.data" "$pitwatch" run --sites "$data/site.geojson" \
        --source "$data/series/site" --state "$state" --threads 1 --to "$(iso "${dates[night]}")" \
        --history-days "$history_days" --memory "$memory" --quiet 2> /dev/null
      if ((night == -2)); then echo "learning, $km km:"; else echo "update, $km km:"; fi
      hottest
    done
  fi
done
