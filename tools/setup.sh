#!/usr/bin/env bash
# Installs what Debian 12 needs to build, test and benchmark this project.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/setup.sh [--dev] [--package] [--postgis] [--qgis] [--cluster] [--list]
Installs the Debian packages that are missing, as root or through sudo; does nothing when none is.
  --dev      clang, clang-format, clang-tidy and GRASS too, for the fuzzers, for working on the code and for a
             benchmark
  --postgis  PostgreSQL with PostGIS too, for the tests of registers in databases, which are skipped without: 200 MB, and
             Debian's package sets up a server of its own, which these tests do not use
  --qgis     QGIS without its desktop, for the test that it opens what publish writes, which is skipped without: 400 MB
  --package  what builds, checks and tries out the Debian package
  --cluster  Slurm, munge and Snakemake too, for the tests of a night on a cluster, which are skipped without; nothing of it
             is started, the tests run daemons of their own
  --list     names the packages and exits
END
}

# package   what for
packages() {
  cat <<'END'
g++                           the compiler, C++20
cmake                         describes the build
ninja-build                   runs the build
pkg-config                    finds libtiff, libdeflate, zstd and GEOS
ccache                        does not compile the same twice
libgdal-dev                   rasters and vectors in, GeoTIFF
libproj-dev                   longitudes, latitudes, geodesic areas
libtiff-dev                   writes COGs
libdeflate-dev                compresses their tiles
libzstd-dev                   compresses the state
libxml2-dev                   metadata of ESA's products
libminizip-dev                the directories of zipped products
zlib1g-dev                    checks what bundles of evidence are packed as
libopencv-dev                 phase correlation; holds the CMake files that its core and imgproc parts lack
libtbb-dev                    the pipeline over tiles
libboost-program-options-dev  the command line
libeigen3-dev                 robust fits
libhwy-dev                    SIMD with dispatch at run time
nlohmann-json3-dev            STAC, GeoJSON, run.json
libspdlog-dev                 log lines
libfmt-dev                    what spdlog formats with
libssl-dev                    SHA-256 of the inputs, signatures, time stamps
libcurl4-openssl-dev          catalogues on the network, webhooks, mail
libjs-leaflet                 the map that pitwatch map writes
libgtest-dev                  tests
libgmock-dev                  matchers of the tests
libgeos-dev                   judges polygons in property tests
libbenchmark-dev              benchmarks
openssl                       tests: an authority of certificates and time stamps
python3-gdal                  tests: an independent reader of the COGs
python3-numpy                 tests: their pixels
python3-scipy                 tests: independent implementations of filters
python3-jsonschema            tests: the schema of the alerts
libxml2-utils                 tests: an independent reader of feeds and projects
cgi-mapserver                 tests: serves the published alerts by OGC API
jq                            tests: a record checked by hand
libkainjow-mustache-dev       pages from templates
fonts-dejavu-core             pages in PDF: Cyrillic and Azerbaijani letters
chromium                      pages as PDF; tests of pages
chromium-driver               tests: drives it
python3-selenium              tests: drives it
tidy                          tests: HTML that is correct
mandoc                        tests: manual pages that are
zsh                           tests: its completion
END
}

dev_packages() {
  cat <<'END'
clang                         libFuzzer
clang-format                  the style
clang-tidy                    the linter
grass-core                    benchmarks: the flow of another program
END
}

package_packages() {
  cat <<'END'
dpkg-dev                      the libraries that the package depends on
file                          finds the programs among its files
lintian                       tests: what Debian's policy says of it
systemd                       tests: its units
debootstrap                   tests: a bare Debian to install it in
END
}

postgis_packages() {
  cat <<'END'
postgresql                    tests: servers of their own, in temporary folders
postgresql-15-postgis-3       tests: shapes in their databases
END
}

qgis_packages() {
  cat <<'END'
python3-qgis                  tests: opens the published project
qgis-providers                tests: how it reads files
END
}

cluster_packages() {
  cat <<'END'
slurmctld                     tests: a cluster on this machine
slurmd                        tests: its nodes
slurm-client                  tests: sbatch, squeue, scontrol
munge                         tests: who is who in it
iproute2                      tests: a network of its own
snakemake                     tests: a night as a workflow
END
}

table=$(packages)
only_list=false
for argument in "$@"; do
  case $argument in
    --dev) table+=$'\n'$(dev_packages) ;;
    --package) table+=$'\n'$(package_packages) ;;
    --postgis) table+=$'\n'$(postgis_packages) ;;
    --qgis) table+=$'\n'$(qgis_packages) ;;
    --cluster) table+=$'\n'$(cluster_packages) ;;
    --list) only_list=true ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
if $only_list; then
  echo "$table"
  exit 0
fi

missing=()
while read -r package _; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  if [[ $status != installed ]]; then missing+=("$package"); fi
done <<<"$table"
if [[ ${#missing[@]} -eq 0 ]]; then exit 0; fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: missing packages: ${missing[*]}; run as root, or install sudo" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup.sh: installing ${missing[*]}" >&2
attempts=3
for ((attempt = 1; ; ++attempt)); do
  if "${as_root[@]}" apt-get update -qq; then break; fi
  if ((attempt == attempts)); then
    echo "setup.sh: apt-get update failed $attempts times" >&2
    exit 1
  fi
  sleep $((5 * attempt))
done
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
