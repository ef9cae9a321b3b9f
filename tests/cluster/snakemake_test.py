"""A night as a workflow on this machine: snakemake_test.py PITWATCH FAULTS. Skipped where Snakemake is not installed."""
import os
import shutil
import subprocess
import sys
import tempfile

from slurm_cluster import SKIPPED, environment, write
from states import configure, differences, lasting_files, lasting_rows, make_sites

NIGHT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "snakemake", "night.sh")
SITES = 4


class Workflow:
    def __init__(self, folder, pitwatch):
        self.folder, self.pitwatch = folder, pitwatch
        make_sites(f"{folder}/sites", SITES, each=1)
        for name in ("one", "flow"):
            configure(f"{folder}/{name}.ini", f"{folder}/sites", state=f"{folder}/{name}", threads=2)
        # A program that fails at one unit as long as there is a file `broken`.
        write(f"{folder}/pitwatch", f'#!/bin/sh\ncase "$*" in *"--unit site-001-0"*) test -e {folder}/broken && exit 1 ;; esac\n'
              f'exec {pitwatch} "$@"\n', 0o755)

    @property
    def state(self):
        return f"{self.folder}/flow"

    def night(self, *more, code=0):
        done = subprocess.run([NIGHT, "--config", f"{self.folder}/flow.ini", "--state", self.state, "--pitwatch",
                               f"{self.folder}/pitwatch", "--", "--cores", "2", *more], capture_output=True, text=True,
                              env=environment(PITWATCH_CACHE="off"))
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def one_machine(self):
        done = subprocess.run([self.pitwatch, "run", "--config", f"{self.folder}/one.ini", "--quiet"],
                              env=environment(PITWATCH_CACHE="off"), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def expect_same(self):
        one, flow = f"{self.folder}/one", self.state
        without = {path: text for path, text in lasting_files(flow).items() if not path.startswith("snakemake/")}
        assert differences(lasting_files(one), without) == [], differences(lasting_files(one), without)
        # In any order: what was merged later comes later.
        rows = [{table: sorted(of) for table, of in lasting_rows(state).items()} for state in (one, flow)]
        assert differences(*rows) == [], differences(*rows)


def units_in(text):
    """How many units a run did, or would do, by its table of jobs."""
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("unit ")), 0)


def test(folder, pitwatch):
    flow = Workflow(folder, pitwatch)
    late = next(f"{folder}/sites/items/{name}" for name in sorted(os.listdir(f"{folder}/sites/items"))
                if name.endswith("_2_L2A.json") and "20210520" in name)
    shutil.move(late, f"{folder}/late.json")
    flow.one_machine()

    assert units_in(flow.night("--dry-run")) == SITES
    assert not os.path.exists(f"{flow.state}/alerts.geojson"), "a dry run published"
    write(f"{folder}/broken", "")
    text = flow.night(code=4)
    assert text.count("Error in rule unit") == 3, text
    assert "site-001-0" in text.splitlines()[-1] or "site-001-0" in text, text
    os.remove(f"{folder}/broken")
    assert units_in(flow.night()) == 1, "what had a result was done again"
    flow.expect_same()

    files = lasting_files(flow.state)
    assert "nothing new" in flow.night()
    assert lasting_files(flow.state) == files

    shutil.move(f"{folder}/late.json", late)
    flow.one_machine()
    text = flow.night()
    assert units_in(text) == 1 and "wildcards: unit=site-002-0" in text, text
    flow.expect_same()


def main():
    if shutil.which("snakemake") is None:
        print("skipped: snakemake is not installed; tools/setup.sh --cluster installs it")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="pitwatch-snakemake-") as folder:
        test(folder, os.path.abspath(sys.argv[1]))


if __name__ == "__main__":
    main()
