"""One night of 200 units on a cluster of three nodes that fail: night_test.py PITWATCH FAULTS

One node loses its power and comes back, one is slow and one of its units hangs, the disk of one fills up. In the end all must be as
one machine makes it in one go, byte for byte. The register is in a PostGIS if that is installed.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from postgis import PostgisServer, programs
from slurm_cluster import SlurmCluster, environment, read, require_cluster, write
from states import configure, differences, lasting_files, lasting_rows, make_sites

SITES = 200
TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "slurm")
LIMIT_S = 1500


class Night:
    """Watches the night's outcomes and jobs, and does to the nodes what a test says."""

    def __init__(self, cluster, state, pitwatch):
        self.cluster, self.state, self.pitwatch = cluster, state, pitwatch
        self.outcomes = {}  # path: (inode, time of change) when first seen
        self.rewritten = set()
        self.hanging = set()
        self.is_over = False
        self.slow = threading.Thread(target=self._slow_down, args=("n2",))

    def look(self):
        for folder, _, names in os.walk(f"{self.state}/units"):
            for name in names:
                if not name.endswith(".json"):
                    continue
                path = os.path.join(folder, name)
                try:
                    found = os.stat(path)
                except FileNotFoundError:
                    continue
                key = (found.st_ino, found.st_mtime_ns)
                if self.outcomes.setdefault(path, key) != key:
                    self.rewritten.add(path)

    def _slow_down(self, node):
        """Its units run a fifth of the time."""
        while not self.is_over:
            pids = [pid for pid in self.cluster.pids_of(node, self.pitwatch) if pid not in self.hanging]
            for number, pause in ((subprocess.signal.SIGSTOP, 0.4), (subprocess.signal.SIGCONT, 0.1)):
                for pid in pids:
                    if pid in self.hanging:
                        continue
                    try:
                        os.kill(pid, number)
                    except ProcessLookupError:
                        pass
                time.sleep(pause)

    def hang_one(self, node):
        for pid in self.cluster.pids_of(node, self.pitwatch):
            try:
                self.hanging.add(pid)
                os.kill(pid, subprocess.signal.SIGSTOP)
                return True
            except ProcessLookupError:
                self.hanging.discard(pid)
        return False

    def watchdog(self):
        done = self.cluster.command([f"{TOOLS}/watchdog.sh", "--state", self.state, "--grace", "25", "--restarts", "3"])
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def wait_for(self, events, limit_s=LIMIT_S):
        """Until there are no more jobs; `events` are (condition, action, name), each done once, when its condition holds.
        Returns what the watchdog said."""
        end = time.monotonic() + limit_s
        said, waiting, last = [], list(events), 0.0
        self.slow.start()
        try:
            while True:
                self.look()
                for event in list(waiting):
                    condition, action, name = event
                    if condition() and action() is not False:
                        print(f"  {len(self.outcomes)} results: {name}", flush=True)
                        waiting.remove(event)
                if time.monotonic() - last > 3:
                    for line in self.watchdog():
                        print(f"  watchdog: {line}", flush=True)
                        said.append(line)
                    if not self.cluster.jobs():
                        break
                    last = time.monotonic()
                if time.monotonic() > end:
                    raise AssertionError(f"not done in {limit_s} s: {self.cluster.jobs()}")
                time.sleep(0.2)
        finally:
            self.is_over = True
            self.slow.join()
        assert not waiting, f"did not come to pass: {[name for _, _, name in waiting]}"
        return said


def fill_disk(cluster, node):
    """The rest of its scratch disk, as a runaway log does."""
    pid = next(pid for pid in cluster.pids(node) if b"slurmd" in open(f"/proc/{pid}/cmdline", "rb").read())
    subprocess.run(["nsenter", f"--mount=/proc/{pid}/ns/mnt", "dd", "if=/dev/zero", f"of={cluster.scratch}/log", "bs=1M"],
                   capture_output=True, env=environment())


def run_night(folder, pitwatch, faults):
    server = PostgisServer(f"{folder}/postgis") if programs() else None
    make_sites(f"{folder}/sites", SITES)
    registers = {}
    if server:
        for name in ("one", "cluster"):
            server.create(name)
            registers[name] = {"register": server.target(name)}
    for name in ("one", "cluster"):
        configure(f"{folder}/{name}.ini", f"{folder}/sites", state=f"{folder}/{name}", **registers.get(name, {}))

    began = time.monotonic()
    done = subprocess.run([pitwatch, "run", "--config", f"{folder}/one.ini", "--quiet"], env=environment(PITWATCH_CACHE="off"),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(f"one machine: {time.monotonic() - began:.0f} s", flush=True)

    state, full = f"{folder}/cluster", f"{folder}/n3_full"
    prolog = f"#!/bin/sh\nPATH=/usr/bin:/bin exec {TOOLS}/prolog.sh {folder}/net/scratch 8\n"
    # From when its disk is full every unit of n3 fails at some write of its state.
    task_prolog = (f"#!/bin/bash\nif [[ $(uname -n) == n3 && -e {full} ]]; then\n"
                   f"  echo export LD_PRELOAD={faults}\n  echo export FAULTS_FOLDER={state}\n  echo export FAULTS_WITH=ENOSPC\n"
                   f"  echo export FAULTS_LAST=1\n  echo export FAULTS_AT=$((RANDOM % 8 + 1))\n  echo x >> {full}\nfi\n")
    cluster = SlurmCluster(f"{folder}/net", prolog, task_prolog)
    try:
        submit = [f"{TOOLS}/night.sh", "--config", f"{folder}/cluster.ini", "--state", state, "--pitwatch", pitwatch,
                  "--partition", "night", "--rerun-partition", "rerun"]
        variables = {"PITWATCH_CACHE": f"{cluster.scratch}/cache"}
        began = time.monotonic()
        done = cluster.command(submit, **variables)
        assert done.returncode == 0, done.stderr
        print(f"submitted in {time.monotonic() - began:.1f} s: {len(cluster.jobs())} jobs", flush=True)
        again = cluster.command(submit, **variables)
        assert again.returncode == 75 and "still queued" in again.stderr, again

        night = Night(cluster, state, pitwatch)
        count = lambda: len(night.outcomes)  # noqa: E731
        failed_on_n3 = lambda: os.path.exists(full) and len(read(full).split()) >= 4  # noqa: E731
        said = night.wait_for([
            (lambda: count() >= 15, lambda: night.hang_one("n2"), "a unit of n2 hangs"),
            (lambda: count() >= 40 and cluster.pids_of("n1", pitwatch), lambda: cluster.kill_node("n1"), "n1 loses its power"),
            (lambda: count() >= 70, lambda: write(full, ""), "the disk of n3 fills up"),
            (failed_on_n3, lambda: fill_disk(cluster, "n3"), "it is full"),
            (lambda: cluster.state_of("n1").startswith("DOWN"), lambda: cluster.plug_in("n1"), "n1 is back"),
        ])
        print(f"the cluster: {time.monotonic() - began:.0f} s", flush=True)

        assert any("requeued" in line for line in said), "the watchdog found nothing that hung"
        assert "DRAIN" in cluster.state_of("n3"), cluster.state_of("n3")
        reruns = [job for job in cluster.completed() if job["Partition"] == "rerun" and job.get("ArrayTaskId")]
        assert reruns, "nothing was run again"
        assert not night.rewritten, night.rewritten
        check(folder, server, f"{folder}/one", state)

        # A second call finds nothing new.
        files = lasting_files(state)
        done = cluster.command(submit, **variables)
        assert done.returncode == 0, done.stderr
        while cluster.jobs():
            time.sleep(0.3)
        assert differences(files, lasting_files(state)) == []
        check(folder, server, f"{folder}/one", state)
    finally:
        cluster.close()
        if server:
            server.kill()


def check(folder, server, one, other):
    different = differences(lasting_files(one), lasting_files(other))
    assert not different, f"{len(different)} files differ: {different[:5]}"
    rows = [lasting_rows(state, server, os.path.basename(state)) for state in (one, other)]
    assert differences(*rows) == [], differences(*rows)
    alerts = json.loads(read(f"{other}/alerts.geojson"))["features"]
    assert len(alerts) == len(rows[0]["alerts"]) == SITES, len(alerts)
    print(f"{len(lasting_files(one))} files and {sum(map(len, rows[0].values()))} rows of the register are the same", flush=True)


def main():
    require_cluster()
    pitwatch, faults = (os.path.abspath(path) for path in sys.argv[1:3])
    folder = tempfile.mkdtemp(prefix="pitwatch-cluster-")
    os.chmod(folder, 0o755)  # the database's user goes through it
    try:
        run_night(folder, pitwatch, faults)
    except BaseException:
        print(f"logs in {folder}", flush=True)
        raise
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
