"""A Slurm cluster of three nodes on this machine: real munged, slurmctld and slurmd.

Each node is a network namespace with an address of its own on a bridge, and has its own host name, mounts (a small disk at
`scratch`) and processes; the file system below `folder` is what all share. Nothing of it is seen outside: no address, no
process by name, no file but below `folder` and Slurm's own temporary ones. `close()` ends all that was started, whatever
became of it.

A test that needs it ends with exit code 77 and the reason where that cannot be had; ctest then counts it as skipped.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

SKIPPED = 77
NODES = ("n1", "n2", "n3")
NETWORK = "10.213.7."
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "ip", "nsenter", "unshare", "mount")

CONFIGURATION = """\
ClusterName=pitwatch
SlurmctldHost=ctl({network}1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/log/slurmctld
SlurmdLogFile={folder}/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/log/jobs
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=1,nohold_on_prolog_fail
PrologFlags=Alloc
Prolog={folder}/prolog
TaskProlog={folder}/task_prolog
ReturnToService=2
JobRequeue=1
SlurmdTimeout=10
MessageTimeout=5
TCPTimeout=2
InactiveLimit=0
KillWait=2
MinJobAge=3600
NodeName={nodes} NodeAddr={network}[11-13] CPUs={cpus} RealMemory=16000 State=UNKNOWN
PartitionName=night Nodes={nodes} Default=YES MaxTime=60 State=UP PriorityTier=1
PartitionName=rerun Nodes={nodes} MaxTime=60 State=UP PriorityTier=2
"""


def require_cluster():
    missing = [name for name in PROGRAMS if shutil.which(name, path=SEARCH_PATH) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed; tools/setup.sh --cluster installs what is needed")
        sys.exit(SKIPPED)
    if os.geteuid() != 0:
        print("skipped: network namespaces are made as root")
        sys.exit(SKIPPED)
    probe = subprocess.run(["unshare", "-n", "-m", "-u", "ip", "link", "add", "probe", "type", "bridge"], env=environment(),
                           capture_output=True, text=True)
    if probe.returncode != 0:
        print(f"skipped: no namespaces here: {probe.stderr.strip()}")
        sys.exit(SKIPPED)


SEARCH_PATH = os.environ.get("PATH", "/usr/bin") + ":/usr/sbin:/sbin"


def environment(**more):
    """What this process has, but for the user's own options of the program under test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PITWATCH_", "SLURM_", "SBATCH_"))}
    return {**kept, "PATH": SEARCH_PATH, **more}


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path) as file:
        return file.read()


class SlurmCluster:
    """`prolog` and `task_prolog` are the text of scripts that each node runs before a job, as root and as its user."""

    def __init__(self, folder, prolog="#!/bin/sh\n", task_prolog="#!/bin/sh\n", cpus=2, scratch_mib=64):
        self.folder = os.path.abspath(folder)
        self.scratch = f"{self.folder}/scratch"
        self.namespaces = {node: f"pw{os.getpid()}-{node}" for node in ("ctl", *NODES)}
        self.daemons = {}
        self.scratch_mib = scratch_mib
        try:
            self._make_files(prolog, task_prolog, cpus)
            self._make_network()
            self._start("munged", None, ["munged", "--foreground", "--force", f"--key-file={self.folder}/munge/key",
                                         f"--socket={self.folder}/munge/socket", f"--pid-file={self.folder}/munge/pid",
                                         f"--log-file={self.folder}/munge/log", f"--seed-file={self.folder}/munge/seed"])
            self._wait(lambda: os.path.exists(f"{self.folder}/munge/socket"), 10, "munged")
            self._start("slurmctld", "ctl", ["slurmctld", "-D", "-f", self.configuration])
            for node in NODES:
                self.start_node(node)
            self._wait(lambda: all(self.state_of(node).startswith("IDLE") for node in NODES), 60, "the nodes")
        except BaseException:
            self.close()
            raise

    @property
    def configuration(self):
        return f"{self.folder}/slurm.conf"

    def _make_files(self, prolog, task_prolog, cpus):
        for name in ("munge", "controller", "log", "scratch", *(f"spool/{node}" for node in NODES)):
            os.makedirs(f"{self.folder}/{name}")
        os.chmod(f"{self.folder}/munge", 0o711)
        with open(f"{self.folder}/munge/key", "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(f"{self.folder}/munge/key", 0o400)
        write(f"{self.folder}/prolog", prolog, 0o755)
        write(f"{self.folder}/task_prolog", task_prolog, 0o755)
        write(f"{self.folder}/cgroup.conf", "CgroupPlugin=cgroup/v1\n")
        write(self.configuration, CONFIGURATION.format(folder=self.folder, network=NETWORK, nodes="n[1-3]", cpus=cpus))

    def _make_network(self):
        """A bridge in the controller's namespace, and a cable to it from each node's."""
        for name in self.namespaces.values():
            self._ip("netns", "add", name)
            self._ip("-n", name, "link", "set", "lo", "up")
        control = self.namespaces["ctl"]
        self._ip("-n", control, "link", "add", "cluster", "type", "bridge")
        self._ip("-n", control, "addr", "add", f"{NETWORK}1/24", "dev", "cluster")
        self._ip("-n", control, "link", "set", "cluster", "up")
        for number, node in enumerate(NODES):
            self._ip("-n", control, "link", "add", node, "type", "veth", "peer", "name", "eth0", "netns", self.namespaces[node])
            self._ip("-n", control, "link", "set", node, "master", "cluster", "up")
            self._ip("-n", self.namespaces[node], "addr", "add", f"{NETWORK}{11 + number}/24", "dev", "eth0")
            self._ip("-n", self.namespaces[node], "link", "set", "eth0", "up")

    def _ip(self, *words):
        subprocess.run(["ip", *words], check=True, env=environment())

    def _inside(self, node, words):
        """`words` as a command on that node: its network, its name, its scratch disk."""
        setup = f'hostname {node} && mount -t tmpfs -o size={self.scratch_mib}m scratch "$0" && exec "$@"'
        return [*self._network(node), "unshare", "-m", "-u", "sh", "-c", setup, self.scratch, *words]

    def _network(self, node):
        """`ip netns exec` would mount a /sys without control groups, which slurmd looks for though it need not use them."""
        return ["nsenter", f"--net=/run/netns/{self.namespaces[node]}"]

    def _start(self, name, node, words):
        log = open(f"{self.folder}/log/{name}.console", "a")
        command = words if node is None else self._inside(node, words)
        self.daemons[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                              env=environment(SLURM_CONF=self.configuration), start_new_session=True)
        log.close()

    def _wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come up within {seconds} s; logs in {self.folder}/log")
            time.sleep(0.2)

    def start_node(self, node):
        self._start(node, node, ["slurmd", "-D", "-N", node, "-f", self.configuration])

    def cut_off(self, node):
        """Its cable is dead; it works on."""
        self._ip("-n", self.namespaces["ctl"], "link", "set", node, "down")

    def connect(self, node):
        self._ip("-n", self.namespaces["ctl"], "link", "set", node, "up")

    def kill_node(self, node):
        """As when its power fails: all processes at once."""
        self.cut_off(node)
        self._kill_all(node)
        self.daemons.pop(node).wait()

    def plug_in(self, node):
        self.connect(node)
        self.start_node(node)

    def fill_disk(self, node):
        """The rest of its scratch disk, as a runaway log does."""
        subprocess.run(["nsenter", f"--mount=/proc/{self.daemons[node].pid}/ns/mnt", "dd", "if=/dev/zero", f"of={self.scratch}/log",
                        "bs=1M"], capture_output=True, env=environment())

    def pids(self, node):
        found = subprocess.run(["ip", "netns", "pids", self.namespaces[node]], capture_output=True, text=True, env=environment())
        return [int(word) for word in found.stdout.split()]

    def pids_of(self, node, program):
        """Processes of a node that run that file."""
        found = []
        for pid in self.pids(node):
            try:
                if os.path.samefile(f"/proc/{pid}/exe", program):
                    found.append(pid)
            except OSError:
                pass  # ended meanwhile
        return found

    def _kill_all(self, node):
        for _ in range(50):  # what is killed may just have made another
            pids = self.pids(node)
            if not pids:
                return
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.1)

    def command(self, words, **more):
        """On the controller's machine; gives a CompletedProcess."""
        variables = {"SLURM_CONF": self.configuration, **more}
        return subprocess.run([*self._network("ctl"), *words], capture_output=True, text=True,
                              env=environment(**variables), stdin=subprocess.DEVNULL)

    def state_of(self, node):
        shown = self.command(["scontrol", "show", "node", node, "--oneliner"]).stdout
        return next((word[len("State="):] for word in shown.split() if word.startswith("State=")), "UNKNOWN")

    def jobs(self):
        """What is waiting or running: a list of (job, name, state, reason or nodes)."""
        shown = self.command(["squeue", "-h", "-r", "-t", "PENDING,RUNNING,CONFIGURING,COMPLETING,SUSPENDED,REQUEUED", "-o",
                              "%i|%j|%T|%R"]).stdout
        return [tuple(line.split("|", 3)) for line in shown.splitlines()]

    def resume(self, node):
        """As whoever runs a cluster does once a node is in order. Slurm drains one that comes back with jobs which it has started
        elsewhere meanwhile. Whether the node takes jobs now."""
        if "DRAIN" in self.state_of(node):
            self.command(["scontrol", "update", f"nodename={node}", "state=resume"])
        return self.state_of(node).split("+")[0] in ("IDLE", "MIXED", "ALLOCATED") and "DRAIN" not in self.state_of(node)

    def completed(self):
        """A line for each job, or task of an array, that came to an end, as jobcomp/filetxt writes them."""
        path = f"{self.folder}/log/jobs"
        lines = read(path).splitlines() if os.path.exists(path) else []
        return [dict(word.split("=", 1) for word in line.split(" ") if "=" in word) for line in lines]

    def close(self):
        for node in (*NODES, "ctl"):
            self._kill_all(node)
        for daemon in self.daemons.values():
            if daemon.poll() is None:
                daemon.kill()
            daemon.wait()
        known = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, env=environment()).stdout.split()
        for name in self.namespaces.values():
            if name in known:
                self._ip("netns", "del", name)
