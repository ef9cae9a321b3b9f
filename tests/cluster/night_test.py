"""One night of 200 units on a cluster of three nodes that fail: night_test.py PITWATCH FAULTS

One node loses its power, comes back, and later loses its network while it works on; one is slow and one of its units hangs, the disk of one fills up. In the end all must be as
one machine makes it in one go, byte for byte. The register is in a PostGIS if that is installed. Then a night with one late scene of one site, whose unit alone is run; and a
small night by Snakemake.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from postgis import PostgisServer, programs
from slurm_cluster import SlurmCluster, environment, read, require_cluster, write
from states import add_late_scene, configure, differences, lasting_files, lasting_rows, make_sites

SITES, FEW = 200, 4
TOOLS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "slurm"))
WORKFLOW = os.path.normpath(f"{TOOLS}/../snakemake")
LIMIT_S = 1500


class Night:
    """Watches the night's outcomes and jobs, and does to the nodes what a test says."""

    def __init__(self, cluster, state, pitwatch):
        self.cluster, self.state, self.pitwatch = cluster, state, pitwatch
        self.outcomes = {}  # path: (inode, time of change) when first seen
        self.rewritten = set()
        self.hanging = {}  # process: its node
        self.happened = {}  # event: when
        self.is_over = False
        self.slow = threading.Thread(target=self._slow_down, args=("n2",))

    def look(self):
        for path in glob.glob(f"{self.state}/units/*/[!.]*.json"):
            found = os.stat(path)
            key = (found.st_ino, found.st_mtime_ns)
            if self.outcomes.setdefault(path, key) != key:
                self.rewritten.add(path)

    def units_on(self, node):
        return self.cluster.pids_of(node, self.pitwatch)

    def _signal(self, pids, number):
        sent = []
        for pid in pids:
            try:
                os.kill(pid, number)
                sent.append(pid)
            except ProcessLookupError:
                pass  # ended meanwhile
        return sent

    def _slow_down(self, node):
        """Its units run a fifth of the time."""
        while not self.is_over:
            pids = self.units_on(node)
            for number, pause in ((signal.SIGSTOP, 0.4), (signal.SIGCONT, 0.1)):
                self._signal([pid for pid in pids if pid not in self.hanging], number)
                time.sleep(pause)

    def hang(self, node, units):
        pids = self.units_on(node)[:units]
        self.hanging.update(dict.fromkeys(pids, node))
        return bool(self._signal(pids, signal.SIGSTOP))

    def go_on(self, node):
        self._signal([pid for pid, on in self.hanging.items() if on == node], signal.SIGCONT)

    def cut_off(self, node):
        """It works on, if slowly: its units hang until `go_on`."""
        if not self.hang(node, 2):
            return False
        self.cluster.cut_off(node)
        return True

    def since(self, event):
        """Seconds; 0 where it has not come to pass."""
        return time.monotonic() - self.happened[event] if event in self.happened else 0.0

    def watchdog(self):
        done = self.cluster.command([f"{TOOLS}/watchdog.sh", "--state", self.state, "--grace", "25", "--restarts", "3"])
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def wait_for(self, events, limit_s=LIMIT_S):
        """Until there are no more jobs; `events` are (condition, action, name), each done once, when its condition holds.
        Returns what the watchdog said."""
        end = time.monotonic() + limit_s
        said, last = [], 0.0
        self.slow.start()
        try:
            while True:
                self.look()
                for condition, action, name in events:
                    if name not in self.happened and condition() and action() is not False:
                        print(f"  {len(self.outcomes)} results: {name}", flush=True)
                        self.happened[name] = time.monotonic()
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
        missed = [name for _, _, name in events if name not in self.happened]
        assert not missed, f"did not come to pass: {missed}"
        return said


def one_machine(folder, pitwatch, name):
    began = time.monotonic()
    done = subprocess.run([pitwatch, "run", "--config", f"{folder}/{name}.ini", "--quiet"], env=environment(PITWATCH_CACHE="off"),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(f"one machine: {time.monotonic() - began:.0f} s", flush=True)


def start_cluster(folder, state, faults):
    """From when there is a file `n3_full` every unit of n3 fails at some write of its state."""
    full = f"{folder}/n3_full"
    prolog = f"#!/bin/sh\nPATH=/usr/bin:/bin exec {TOOLS}/prolog.sh {folder}/net/scratch 8\n"
    task_prolog = (f"#!/bin/bash\nif [[ $(uname -n) == n3 && -e {full} ]]; then\n"
                   f"  echo export LD_PRELOAD={faults}\n  echo export FAULTS_FOLDER={state}\n  echo export FAULTS_WITH=ENOSPC\n"
                   f"  echo export FAULTS_LAST=1\n  echo export FAULTS_AT=$((RANDOM % 8 + 1))\n  echo x >> {full}\nfi\n")
    return SlurmCluster(f"{folder}/net", prolog, task_prolog)


def submit(folder, cluster, pitwatch, *queues):
    return cluster.command([f"{TOOLS}/night.sh", "--config", f"{folder}/cluster.ini", "--state", f"{folder}/cluster", "--pitwatch",
                            pitwatch, *queues], PITWATCH_CACHE=f"{cluster.scratch}/cache")


def wait_for_jobs(cluster, limit_s=300):
    end = time.monotonic() + limit_s
    while cluster.jobs():
        if time.monotonic() > end:
            raise AssertionError(f"not done in {limit_s} s: {cluster.jobs()}")
        time.sleep(0.3)


def run_night(folder, cluster, pitwatch, server):
    """The night of 200 units, in which all that can fail does."""
    state, full = f"{folder}/cluster", f"{folder}/n3_full"
    queues = ("--partition", "night", "--rerun-partition", "rerun")
    began = time.monotonic()
    done = submit(folder, cluster, pitwatch, *queues)
    assert done.returncode == 0, done.stderr
    print(f"submitted in {time.monotonic() - began:.1f} s: {len(cluster.jobs())} jobs", flush=True)
    again = submit(folder, cluster, pitwatch, *queues)
    assert again.returncode == 75 and "still queued" in again.stderr, again

    night = Night(cluster, state, pitwatch)
    count = lambda: len(night.outcomes)  # noqa: E731
    failed_on_n3 = lambda: os.path.exists(full) and len(read(full).split()) >= 4  # noqa: E731
    is_down = lambda node: cluster.state_of(node).startswith("DOWN")  # noqa: E731
    said = night.wait_for([
        (lambda: count() >= 15, lambda: night.hang("n2", 1), "a unit of n2 hangs"),
        (lambda: count() >= 40 and night.units_on("n1"), lambda: cluster.kill_node("n1"), "n1 loses its power"),
        (lambda: count() >= 70, lambda: write(full, ""), "the disk of n3 fills up"),
        (failed_on_n3, lambda: cluster.fill_disk("n3"), "it is full"),
        (lambda: night.since("n1 loses its power") and is_down("n1"), lambda: cluster.plug_in("n1"), "n1 is back"),
        (lambda: night.since("n1 is back") and count() >= 100, lambda: night.cut_off("n1"), "n1 is cut off, and works on"),
        (lambda: night.since("n1 is cut off, and works on") and is_down("n1"), lambda: True, "its units are elsewhere"),
        (lambda: night.since("its units are elsewhere") > 8, lambda: night.go_on("n1"), "n1 finishes what it had"),
        (lambda: night.since("n1 finishes what it had") and not night.units_on("n1"), lambda: cluster.connect("n1"),
         "n1 is connected again"),
        (lambda: night.since("n1 is connected again") > 3, lambda: cluster.resume("n1"), "n1 takes units again"),
    ])
    print(f"the cluster: {time.monotonic() - began:.0f} s", flush=True)

    assert any("requeued" in line for line in said), "the watchdog found nothing that hung"
    assert "DRAIN" in cluster.state_of("n3"), cluster.state_of("n3")
    ended = cluster.completed()
    assert any(job["JobState"] == "NODE_FAIL" for job in ended), "no unit lost its node"
    assert any(job["Partition"] == "rerun" and job.get("ArrayTaskId") for job in ended), "nothing was run again"
    # Units that were cut off are taken; their second ones wait for them instead of failing.
    assert not any(job["ExitCode"].startswith("75:") for job in ended), "a unit did not wait"
    assert not night.rewritten, night.rewritten
    assert len(night.outcomes) == SITES, len(night.outcomes)
    check(f"{folder}/one", state, SITES, server)

    # A second call, in Slurm's own queue, finds nothing new.
    files = lasting_files(state)
    done = submit(folder, cluster, pitwatch)
    assert done.returncode == 0, done.stderr
    wait_for_jobs(cluster)
    assert differences(files, lasting_files(state)) == []
    check(f"{folder}/one", state, SITES, server)


def run_late_scene(folder, cluster, pitwatch, server):
    """A night to which a scene of one site has come late: that site's unit, and the merge, are all that is run."""
    state = f"{folder}/cluster"
    site = add_late_scene(f"{folder}/sites", place=7, number=3)
    one_machine(folder, pitwatch, "one")
    before, ended = lasting_files(state), len(cluster.completed())
    began = time.monotonic()
    done = submit(folder, cluster, pitwatch)
    assert done.returncode == 0, done.stderr
    units = [json.loads(line) for line in read(f"{state}/plan.jsonl").splitlines()[1:]]
    assert [unit["unit"] for unit in units] == [site], units
    assert units[0]["new_acquisitions"] == 1 and units[0]["replayed"] > 0, units
    wait_for_jobs(cluster)
    tasks = cluster.completed()[ended:]
    assert sorted("ArrayTaskId" in task for task in tasks) == [False, True], tasks  # the merge, the unit
    assert all(task["JobState"] == "COMPLETED" for task in tasks), tasks
    changed = differences(before, lasting_files(state))
    others = [path for path in changed if site not in path.split("/") and path != "alerts.geojson"]
    assert not others, others
    assert any(path.startswith(f"sites/{site}/") for path in changed), "the late scene changed nothing"
    print(f"a late scene of {site}: {time.monotonic() - began:.0f} s, {len(changed)} files changed", flush=True)
    check(f"{folder}/one", state, SITES, server)


def run_workflow(folder, cluster, pitwatch):
    """A small night by Snakemake, on the nodes that are left."""
    make_sites(f"{folder}/few", FEW, each=1)
    for name in ("few_one", "few_flow"):
        configure(f"{folder}/{name}.ini", f"{folder}/few", state=f"{folder}/{name}")
    one_machine(folder, pitwatch, "few_one")
    done = cluster.command([f"{WORKFLOW}/night.sh", "--config", f"{folder}/few_flow.ini", "--state", f"{folder}/few_flow", "--pitwatch",
                            pitwatch, "--partition", "night", "--rerun-partition", "rerun", "--", "--profile", f"{WORKFLOW}/slurm"],
                           PITWATCH_CACHE="off")
    assert done.returncode == 0, done.stderr
    assert sum(job["Name"] == "pitwatch-unit" for job in cluster.completed()) == FEW
    shutil.rmtree(f"{folder}/few_flow/snakemake")
    check(f"{folder}/few_one", f"{folder}/few_flow", FEW)


def check(one, other, alerts, server=None):
    """That two states have the same files and registers, with so many alerts."""
    different = differences(lasting_files(one), lasting_files(other))
    assert not different, f"{len(different)} files differ: {different[:5]}"
    rows = [lasting_rows(state, server, os.path.basename(state)) for state in (one, other)]
    assert differences(*rows) == [], differences(*rows)
    published = json.loads(read(f"{other}/alerts.geojson"))["features"]
    assert len(published) == len(rows[0]["alerts"]) == alerts, len(published)
    print(f"{len(lasting_files(one))} files and {sum(map(len, rows[0].values()))} rows of the register are the same", flush=True)


def run(folder, pitwatch, faults):
    server = cluster = None
    try:
        server = PostgisServer(f"{folder}/postgis") if programs() else None
        make_sites(f"{folder}/sites", SITES)
        for name in ("one", "cluster"):
            options = {}
            if server:
                server.create(name)
                options["register"] = server.target(name)
            configure(f"{folder}/{name}.ini", f"{folder}/sites", state=f"{folder}/{name}", **options)
        one_machine(folder, pitwatch, "one")
        cluster = start_cluster(folder, f"{folder}/cluster", faults)
        run_night(folder, cluster, pitwatch, server)
        run_late_scene(folder, cluster, pitwatch, server)
        if shutil.which("snakemake"):
            run_workflow(folder, cluster, pitwatch)
    finally:
        if cluster:
            cluster.close()
        if server:
            server.kill()


def main():
    require_cluster()
    pitwatch, faults = (os.path.abspath(path) for path in sys.argv[1:3])
    folder = tempfile.mkdtemp(prefix="pitwatch-cluster-")
    os.chmod(folder, 0o755)  # the database's user goes through it
    try:
        run(folder, pitwatch, faults)
    except BaseException:
        print(f"states and logs are kept in {folder}", flush=True)
        raise
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
