#!/bin/sh
# For Slurm's Prolog, on each node before a job: fails where a folder has too little space, so that Slurm drains the node and
# runs the job elsewhere, and a node with a full disk does not go through the queue failing one unit after the other.
#   usage: prolog.sh FOLDER MIB [FOLDER MIB]...
while [ $# -ge 2 ]; do
  free=$(df --output=avail -BM "$1" | awk 'NR == 2 { print $1 + 0 }')
  if [ "${free:-0}" -lt "$2" ]; then
    echo "prolog.sh: $1 has ${free:-no} MiB free, a unit needs $2" >&2
    exit 1
  fi
  shift 2
done
