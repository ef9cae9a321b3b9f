"""A night of a country on a cluster, on paper and by simulation: country_night.py [--units N] [--cores N] [--seeds N]

Nobody here has 1000 tiles. What one site, one unit and one job of Slurm cost was measured; the rest is arithmetic, and a simulation
of a night by the rules of tools/slurm in which nodes fail: a lost node's units are requeued, units that hang are ended by the
watchdog, nodes with a full disk drained, units without a result run again after the others, then all is merged. Each figure that
is printed says which of these it is. Of Python's standard library alone.
"""
import argparse
import heapq
import math
import random
import statistics

# CPU seconds of one core; where they were measured is said in README.md.
UPDATE_S_PER_KM2 = 0.0130    # one new acquisition of 10 x 10 km on one thread, decoding and state included
LEARNING_S_PER_KM2 = 0.221   # 61 acquisitions of it
STATE_BYTES_PER_PIXEL = 31   # one checkpoint
UNIT_OVERHEAD_S = 0.12      # of `run --unit` beside taking in
MERGE_S_PER_SITE = 0.01
SLURM_CPU_S_PER_JOB = 0.0037  # of slurmctld
SLURM_STARTS_PER_S = 25

TILES, TILE_KM2, REVISIT_DAYS = 1000, 110 * 110, 5
PIXELS_PER_KM2 = 10_000
NEWEST_KEPT = 3

# What may befall a night; all of it is assumed, and more than a cluster in order has.
CALM = {"node_hours_between_losses": math.inf, "node_hours_between_full_disks": math.inf, "hangs": 0.0, "failures": 0.0,
        "slow_nodes": 0.0}
ROUGH = {"node_hours_between_losses": 20.0, "node_hours_between_full_disks": 20.0, "hangs": 0.001, "failures": 0.01,
         "slow_nodes": 0.05}
SLOWER = 5.0          # times, a slow node
NOTICED_S = 300.0     # after which Slurm takes a silent node for lost (SlurmdTimeout)
REPAIR_S = 3600.0     # mean, of a lost node
WATCHDOG_EVERY_S, WATCHDOG_TIMES, WATCHDOG_GRACE_S, RESTARTS = 300.0, 5.0, 900.0, 2
RERUNS = 2


class Night:
    """The night of `seconds`, what each unit takes undisturbed: events in the order of time, each (time, number, action)."""

    def __init__(self, seconds, faults, nodes, cores_of_node, seed):
        self.seconds, self.faults, self.random = seconds, faults, random.Random(seed)
        self.events, self.numbers, self.now = [], 0, 0.0
        self.free = {node: cores_of_node for node in range(nodes)}  # of nodes that take jobs
        self.cores_of_node = cores_of_node
        self.slow = {node for node in range(nodes) if self.random.random() < faults["slow_nodes"]}
        self.running = {node: {} for node in range(nodes)}  # unit: (number of the attempt, since)
        self.queue, self.next_start = [], 0.0
        self.restarts, self.results, self.without = [0] * len(seconds), {}, []
        self.counts = dict.fromkeys(("jobs", "lost nodes", "full disks", "requeued", "by the watchdog", "failed", "rerun"), 0)
        self.cpu_s = self.useful_s = 0.0
        for node in range(nodes):
            self._await_fault(node)

    def _at(self, time, action):
        self.numbers += 1
        heapq.heappush(self.events, (time, self.numbers, action))
        return self.numbers

    def _await_fault(self, node):
        for name, action in (("node_hours_between_losses", self._lose), ("node_hours_between_full_disks", self._fill)):
            if math.isfinite(self.faults[name]):
                self._at(self.now + self.random.expovariate(1 / (3600 * self.faults[name])), lambda node=node, do=action: do(node))

    def run(self):
        """Until all units have their result or no chance any more. Returns the hours of each stage."""
        ends = []
        self.queue = list(range(len(self.seconds)))[::-1]
        for stage in range(1 + RERUNS):
            self._work()
            ends.append(self.now)
            if not self.without or stage == RERUNS:
                break
            self.counts["rerun"] += len(self.without)
            self.queue, self.without = self.without[::-1], []
        assert sorted([*self.results, *self.without]) == list(range(len(self.seconds))), "each unit ends once"
        return ends

    def _work(self):
        self._start_jobs()
        while self.queue or any(self.running.values()):
            self.now, _, action = heapq.heappop(self.events)
            action()
            self._start_jobs()

    def _start_jobs(self):
        """As many as there is room for, one after the other, as fast as Slurm does."""
        while self.queue and self.free:
            node = max(self.free, key=self.free.get)
            if self.free[node] == 0:
                return
            self.free[node] -= 1
            self._start(self.queue.pop(), node)

    def _start(self, unit, node):
        self.counts["jobs"] += 1
        self.next_start = began = max(self.now, self.next_start + 1 / SLURM_STARTS_PER_S)
        takes = self.seconds[unit] * (SLOWER if node in self.slow else 1)
        limit = WATCHDOG_TIMES * self.seconds[unit] + WATCHDOG_GRACE_S + self.random.uniform(0, WATCHDOG_EVERY_S)
        hangs = self.random.random() < self.faults["hangs"]
        fails = not hangs and self.random.random() < self.faults["failures"]
        if hangs or takes > limit:
            attempt = self._at(began + limit, lambda: self._end(unit, node, attempt, self._stuck))
        elif fails:
            attempt = self._at(began + takes * self.random.random(), lambda: self._end(unit, node, attempt, self._fail))
        else:
            attempt = self._at(began + takes, lambda: self._end(unit, node, attempt, self._succeed))
        self.running[node][unit] = (attempt, began)

    def _end(self, unit, node, attempt, outcome):
        if self.running[node].get(unit, (None,))[0] != attempt:
            return  # its node was lost meanwhile
        self._leave(unit, node)
        if node in self.free:
            self.free[node] += 1
        outcome(unit)

    def _leave(self, unit, node):
        _, began = self.running[node].pop(unit)
        self.cpu_s += max(0.0, self.now - began)

    def _succeed(self, unit):
        assert unit not in self.results
        self.results[unit] = self.now
        self.useful_s += self.seconds[unit]

    def _fail(self, unit):
        self.counts["failed"] += 1
        self.without.append(unit)

    def _stuck(self, unit):
        self.counts["by the watchdog"] += 1
        if self.restarts[unit] < RESTARTS:
            self.restarts[unit] += 1
            self.queue.append(unit)
        else:
            self.without.append(unit)

    def _lose(self, node):
        """Its units wait until Slurm notices; then they are the next of the queue. What they had done is taken for lost."""
        if node not in self.free:
            return
        self.counts["lost nodes"] += 1
        del self.free[node]
        for unit, (_, began) in list(self.running[node].items()):
            self.cpu_s += max(0.0, self.now - began)
            attempt = self._at(self.now + NOTICED_S, lambda unit=unit: self._requeue(unit, node))
            self.running[node][unit] = (attempt, math.inf)
        self._at(self.now + NOTICED_S + self.random.expovariate(1 / REPAIR_S), lambda: self._return(node))

    def _requeue(self, unit, node):
        self.counts["requeued"] += 1
        self._leave(unit, node)
        self.queue.append(unit)

    def _return(self, node):
        self.free[node] = self.cores_of_node
        self._await_fault(node)

    def _fill(self, node):
        """The units that it has fail; it gets no others until the morning."""
        if node not in self.free:
            return
        self.counts["full disks"] += 1
        del self.free[node]
        for unit in list(self.running[node]):
            self._leave(unit, node)
            self._fail(unit)


def draw_units(units, mean_km2, seed):
    """Seconds of each: areas are log-normal, a fifth has two new acquisitions (two satellites, or a late scene)."""
    draws = random.Random(seed)
    sigma = 0.7
    areas = [mean_km2 * draws.lognormvariate(-sigma**2 / 2, sigma) for _ in range(units)]
    return [UNIT_OVERHEAD_S + UPDATE_S_PER_KM2 * area * (2 if draws.random() < 0.2 else 1) for area in areas]


def kept_checkpoints(nights):
    """How many checkpoints a state keeps after so many acquisitions, one a night: state_folder.hpp, checkpoints_kept."""
    kept = []
    for night in range(nights):
        kept.append(night)
        ages, thinned = set(), []
        for i, made in enumerate(kept):
            age = (night - made).bit_length()
            if i + NEWEST_KEPT >= len(kept) or age not in ages:
                thinned.append(made)
                ages.add(age)
        kept = thinned
    return len(kept)


def on_paper():
    night_km2 = TILES * TILE_KM2 / REVISIT_DAYS
    checkpoints = kept_checkpoints(3 * 365 // REVISIT_DAYS)
    state_km2 = STATE_BYTES_PER_PIXEL * PIXELS_PER_KM2
    print(f"On paper: {TILES} tiles of {TILE_KM2} km2, each seen every {REVISIT_DAYS} days; {night_km2 / 1e6:.2f} million km2 a night")
    rows = [
        ("update of 1000 km2 with a new acquisition, CPU s", 1000 * UPDATE_S_PER_KM2, "measured"),
        ("the same a night, as it is seen every fifth, CPU s", 1000 * UPDATE_S_PER_KM2 / REVISIT_DAYS, "arithmetic"),
        ("the country's night, CPU hours", night_km2 * UPDATE_S_PER_KM2 / 3600, "extrapolated by area"),
        ("the country's first night (61 dates), CPU hours", TILES * TILE_KM2 * LEARNING_S_PER_KM2 / 3600, "extrapolated by area"),
        ("checkpoints of a site after three years", checkpoints, "rule of the program"),
        ("state of 1000 km2, GB", 1000 * state_km2 * checkpoints / 1e9, "arithmetic"),
        ("state of the country, TB", TILES * TILE_KM2 * state_km2 * checkpoints / 1e12, "extrapolated by area"),
        ("state read, and written, a night, TB each", night_km2 * state_km2 / 1e12, "extrapolated by area"),
    ]
    for name, value, how in rows:
        print(f"  {name:<55} {value:10.3g}   {how}")


def simulate(units, mean_km2, cores, seeds):
    cores_of_node = 8
    nodes = cores // cores_of_node
    print(f"Simulated: {units} units of {mean_km2:g} km2 on average, {nodes} nodes of {cores_of_node} cores; {seeds} nights each, mean"
          " (largest)")
    print(f"  {SLURM_STARTS_PER_S} jobs a second start at most; slurmctld takes {units * SLURM_CPU_S_PER_JOB:.0f} CPU s for {units} jobs;"
          f" the merge takes {units * MERGE_S_PER_SITE:.0f} s (by site, measured at few)")
    for name, faults in (("calm", CALM), ("rough", ROUGH)):
        nights = []
        for seed in range(seeds):
            night = Night(draw_units(units, mean_km2, seed), faults, nodes, cores_of_node, seed)
            ends = night.run()
            least = max(sum(night.seconds) / cores, units / SLURM_STARTS_PER_S - 1)
            assert ends[-1] >= least * 0.999, "faster than all cores can"
            assert faults is ROUGH or night.cpu_s <= night.useful_s * 1.001, "nothing is done twice where nothing fails"
            nights.append({"units done, minutes": ends[0] / 60, "reruns done, minutes": ends[-1] / 60,
                           "merged, minutes": (ends[-1] + units * MERGE_S_PER_SITE) / 60, "core hours held": night.cpu_s / 3600,
                           "times what units need": night.cpu_s / night.useful_s, "units without a result": len(night.without),
                           **night.counts})
        print(f"  {name} night")
        for row in nights[0]:
            values = [night[row] for night in nights]
            print(f"    {row:<30} {statistics.mean(values):10.4g} ({max(values):.4g})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("--units", 10_000), ("--cores", 128), ("--seeds", 20), ("--km2", 100)):
        parser.add_argument(option, type=int, default=default)
    given = parser.parse_args()
    on_paper()
    simulate(given.units, given.km2, given.cores, given.seeds)


if __name__ == "__main__":
    main()
