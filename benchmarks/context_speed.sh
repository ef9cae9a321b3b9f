#!/usr/bin/env bash
# What it costs to attribute a full register to real leases.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
usage: benchmarks/context_speed.sh STATE [LEASES]
STATE is one of thousands of alerts (that of benchmarks/many_alerts.sh); it is copied. LEASES (../shared/data/leases/india_coal_belt.geojson)
are moved to its alerts until there are 2000, of which every eighth is broken: edges that cross, no geometry, a point, the same
id. Prints seconds by the clock and of processors of `pitwatch context` on two threads, and the most memory, the first time
and again with nothing new. Needs python3 (PYTHON names another one).
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  '') usage >&2; exit 2 ;;
esac
state=$1
leases=${2:-$root/../shared/data/leases/india_coal_belt.geojson}
pitwatch=${PITWATCH:-$root/build/pitwatch}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -r "$state" "$folder/state"
"${PYTHON:-/usr/bin/python3}" - "$leases" "$folder" <<'END'
import json
import sys

leases, folder = sys.argv[1:]
real = [f for f in json.load(open(leases))["features"] if f["geometry"]["type"] == "Polygon"]
alerts = json.load(open(f"{folder}/state/alerts.geojson"))["features"]


def first_ring(geometry):
    rings = geometry["coordinates"]
    return rings[0] if geometry["type"] == "Polygon" else rings[0][0]


features = []
for i in range(2000):
    geometry = json.loads(json.dumps(real[i % len(real)]["geometry"]))
    east, north = first_ring(alerts[i * 7919 % len(alerts)]["geometry"])[0]
    west, south = geometry["coordinates"][0][0]
    for ring in geometry["coordinates"]:
        for place in ring:
            place[0] += east - west
            place[1] += north - south
    name = f"L-{i}"
    if i % 8 == 0:
        ring = geometry["coordinates"][0]
        kind = i // 8 % 4
        if kind == 0 and len(ring) > 4:
            ring[1], ring[len(ring) // 2] = ring[len(ring) // 2], ring[1]
        elif kind == 1:
            geometry = None
        elif kind == 2:
            geometry = {"type": "Point", "coordinates": ring[0]}
        elif kind == 3:
            name = f"L-{i - 1}"
    features.append({"type": "Feature", "properties": {"id": name, "holder": f"holder {i % 50}"}, "geometry": geometry})
json.dump({"type": "FeatureCollection", "features": features}, open(f"{folder}/leases.geojson", "w"))
json.dump({"registration_error_m": 5, "layers": [
    {"name": "leases", "role": "licence", "source": "leases.geojson", "accuracy_m": 15,
     "columns": {"id": "id", "holder": "holder"}}]}, open(f"{folder}/context.json", "w"))
print(len(alerts), "alerts,", len(features), "leases")
END
for time in first again; do
  /usr/bin/time -f "$time: %e s, of processors %U + %S s, %M KiB" "$pitwatch" context --state "$folder/state" \
    --layers "$folder/context.json" --threads 2 --quiet > "$folder/out.txt" 2> "$folder/err.txt" || {
      code=$?
      if ((code != 4)); then cat "$folder/err.txt" >&2; exit "$code"; fi
    }
  tail -n 1 "$folder/err.txt"
done
