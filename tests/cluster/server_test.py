"""A merge whose register is on a server that is killed: server_test.py PITWATCH FAULTS. Skipped without PostGIS."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from postgis import PostgisServer, programs
from slurm_cluster import SKIPPED, environment
from states import configure, differences, lasting_files, lasting_rows, make_sites

SITES = 40
KILLS = 12


class Case:
    def __init__(self, folder, pitwatch):
        self.folder, self.pitwatch = folder, pitwatch
        self.server = PostgisServer(f"{folder}/postgis")
        make_sites(f"{folder}/sites", SITES)

    def state(self, name, with_postgis=True):
        """Its path; with a database of that name."""
        self.server.create(name, with_postgis)
        configure(f"{self.folder}/{name}.ini", f"{self.folder}/sites", state=f"{self.folder}/{name}",
                  register=self.server.target(name), threads=2)
        return f"{self.folder}/{name}"

    def pitwatch_does(self, command, name, *more):
        done = subprocess.run([self.pitwatch, command, "--config", f"{self.folder}/{name}.ini", *more], capture_output=True,
                              text=True, env=environment(PITWATCH_CACHE=f"{self.folder}/cache"))
        return done.returncode, done.stdout, done.stderr

    def succeed(self, command, name, *more):
        code, out, err = self.pitwatch_does(command, name, *more)
        assert code == 0, f"{command}: {code}\n{err}"
        return out


def run_units(case, name):
    case.succeed("plan", name)
    with open(f"{case.folder}/{name}/plan.jsonl") as plan:
        units = [line.split('"unit":"')[1].split('"')[0] for line in list(plan)[1:]]
    assert len(units) == SITES, units
    for unit in units:
        case.succeed("run", name, "--unit", unit)


def kill_after(case, seconds):
    killer = threading.Timer(seconds, case.server.kill)
    killer.start()
    return killer


def kill_while_writing(case, seconds):
    """So long after a writer has taken the lock that all writers take; or after half a minute, where none comes."""
    def watch():
        end = time.monotonic() + 30
        while time.monotonic() < end and case.server.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").strip() == "0":
            pass
        time.sleep(seconds)
        case.server.kill()
    killer = threading.Thread(target=watch)
    killer.start()
    return killer


def test_killed_server(case):
    one = case.state("one")
    case.succeed("run", "one")
    many = case.state("many")
    run_units(case, "many")

    # How long a merge takes, to kill the server at moments spread over it; then state and database are as they were.
    shutil.copytree(many, f"{case.folder}/before")
    began = time.monotonic()
    case.succeed("merge", "many")
    seconds = time.monotonic() - began
    shutil.rmtree(many)
    os.rename(f"{case.folder}/before", many)
    case.server.sql("DROP DATABASE many")
    case.server.create("many")

    codes = []
    for number in range(KILLS):
        # Half of them spread over the merge, half soon after it has begun to write.
        kill = kill_after(case, seconds * (number + 0.5) / KILLS) if number % 2 == 0 else kill_while_writing(case, 0.1 * number / KILLS)
        code, _, err = case.pitwatch_does("merge", "many")
        kill.join()
        case.server.start()
        codes.append(code)
        assert code in (0, 69), f"{code}\n{err}"
    print(f"a merge of {seconds:.1f} s, whose server was killed {KILLS} times: exit codes {codes}", flush=True)
    assert 69 in codes, "no kill came in time"
    case.succeed("merge", "many")
    expect_same(case, one, many)
    # And once more it changes nothing.
    files = lasting_files(many)
    case.succeed("merge", "many")
    assert lasting_files(many) == files
    expect_same(case, one, many)


def expect_same(case, one, other):
    different = differences(lasting_files(one), lasting_files(other))
    assert not different, f"{len(different)} files differ: {different[:5]}"
    rows = [lasting_rows(state, case.server, os.path.basename(state)) for state in (one, other)]
    assert differences(*rows) == [], differences(*rows)
    assert len(rows[0]["alerts"]) == SITES, len(rows[0]["alerts"])


def test_without_extension(case):
    state = case.state("bare", with_postgis=False)
    code, _, err = case.pitwatch_does("run", "bare")
    assert code == 3 and "CREATE EXTENSION postgis" in err, f"{code}\n{err}"
    assert not os.path.exists(f"{state}/alerts.geojson")
    code, _, err = case.pitwatch_does("plan", "bare")
    if code == 0:
        code, _, err = case.pitwatch_does("merge", "bare")
    assert code == 3 and "CREATE EXTENSION postgis" in err, f"{code}\n{err}"
    assert not os.path.exists(f"{state}/alerts.geojson")


def main():
    if not programs():
        print("skipped: PostGIS is not installed; tools/setup.sh --postgis installs it")
        sys.exit(SKIPPED)
    folder = tempfile.mkdtemp(prefix="pitwatch-server-")
    os.chmod(folder, 0o755)  # the database's user goes through it
    case = None
    try:
        case = Case(folder, os.path.abspath(sys.argv[1]))
        test_without_extension(case)
        test_killed_server(case)
    finally:
        if case:
            case.server.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
