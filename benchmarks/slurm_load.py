"""What Slurm takes for jobs that do nothing: slurm_load.py [N]

Starts the cluster of tests/cluster (as root; tools/setup.sh --cluster), submits arrays of 1000 tasks, N (1000) tasks in all, and prints
how many end in a second and the CPU time and memory of slurmctld. Controller and nodes share this machine.
"""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "cluster"))
sys.dont_write_bytecode = True
from slurm_cluster import SlurmCluster, require_cluster  # noqa: E402


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))


def main():
    require_cluster()
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(prefix="pitwatch-slurm-") as folder:
        cluster = SlurmCluster(folder, cpus=8)
        try:
            controller = cluster.daemons["slurmctld"].pid
            before, began = cpu_s(controller), time.monotonic()
            for first in range(0, tasks, 1000):
                last = min(first + 1000, tasks) - first - 1
                done = cluster.command(["sbatch", f"--array=0-{last}", "--mem=100M", "--output=/dev/null", "--chdir=/", "--wrap=true"])
                assert done.returncode == 0, done.stderr
            submitted = time.monotonic() - began
            while cluster.jobs():
                time.sleep(2)
            seconds = time.monotonic() - began
            completed = sum(job["JobState"] == "COMPLETED" for job in cluster.completed())
            assert completed == tasks, f"{completed} of {tasks} were completed"
            print(f"{tasks} tasks: submitted in {submitted:.1f} s, {tasks / seconds:.1f} a second ended; slurmctld took"
                  f" {1000 * (cpu_s(controller) - before) / tasks:.2f} ms of CPU for each, {peak_mib(controller)} MiB; load"
                  f" {os.getloadavg()[0]:.0f}")
        finally:
            cluster.close()


if __name__ == "__main__":
    main()
