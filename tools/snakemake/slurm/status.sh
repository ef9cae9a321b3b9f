#!/bin/sh
# For Snakemake: what has become of a job of Slurm. A job that is not known any more, or lost its node, failed; Snakemake tries it
# again, and a unit that has its result does nothing.
state=$(scontrol --oneliner show job "$1" 2>/dev/null | sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p')
case $state in
  COMPLETED) echo success ;;
  PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED) echo running ;;
  *) echo failed ;;
esac
