#!/usr/bin/env bash
# Hectares of alerts by licence, parcel and protected area against those of PostGIS.
set -euo pipefail

usage() {
  cat <<'END'
usage: benchmarks/overlap_oracle.sh STATE CONTEXT.JSON [--alerts N]
Works out the context of a copy of STATE's register, and lets PostGIS work out ST_Area(ST_Intersection(alert, feature)) on the
ellipsoid for all pairs that meet. Prints for each layer of ground the pairs, hectares, and by how much they differ; exit code
1 where a pair differs by more than 0.2 % of the alert and a square metre. Starts a PostgreSQL server of its own in a
temporary folder. Needs PostGIS (tools/setup.sh --postgis), python3 with GDAL (PYTHON names another one), GeoJSON layers.
Exit code 77 where PostGIS is not installed. PITWATCH names another program than build/pitwatch.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h | --help | '') usage; exit 0 ;;
esac
state=${1:?STATE} layers=$(realpath "${2:?CONTEXT.JSON}")
programs=
for version in /usr/lib/postgresql/*/; do
  if [[ -x ${version}bin/initdb && -e /usr/share/postgresql/$(basename "$version")/extension/postgis.control ]]; then
    programs=${version}bin
  fi
done
if [[ -z $programs ]]; then
  echo "overlap_oracle.sh: PostGIS is not installed" >&2
  exit 77
fi
folder=$(mktemp -d)
chmod 777 "$folder"
# The server refuses to run as root.
as_user() { if [[ $EUID == 0 ]]; then (cd /tmp && runuser -u postgres -- "$@"); else "$@"; fi; }
trap 'as_user "$programs/pg_ctl" -m immediate -D "$folder/data" stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cp -r "$state" "$folder/state"
"${PITWATCH:-$root/build/pitwatch}" context --state "$folder/state" --layers "$layers" --quiet >"$folder/table.txt" || [[ $? == 4 ]]
as_user "$programs/initdb" -A trust -U tester -D "$folder/data" >"$folder/log" 2>&1
as_user "$programs/pg_ctl" -w -D "$folder/data" -l "$folder/server.log" \
  -o "-c listen_addresses='' -c fsync=off -k $folder" start >>"$folder/log" 2>&1
psql -qtA -h "$folder" -U tester -d postgres -c "CREATE EXTENSION postgis" >>"$folder/log" 2>&1
"${PYTHON:-/usr/bin/python3}" "$root/benchmarks/overlap_oracle.py" "$folder" "$layers"
