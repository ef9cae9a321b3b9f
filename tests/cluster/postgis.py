"""A PostgreSQL server with PostGIS of a test's own, reached by a socket in its folder. As integration/postgis_server.hpp."""
import glob
import os
import shutil
import subprocess


def programs():
    """Debian's folder of the programs, the newest version; None where PostGIS is not installed."""
    found = [folder for folder in glob.glob("/usr/lib/postgresql/*/bin")
             if os.path.exists(f"{folder}/initdb")
             and os.path.exists(f"/usr/share/postgresql/{folder.split('/')[-2]}/extension/postgis.control")]
    return max(found, default=None)


class PostgisServer:
    """Durable as a server in use is: what was committed is there after `kill` and `start`."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run(f"{programs()}/initdb", "-A", "trust", "-U", "tester", "-D", f"{self.folder}/data")
        self.start()

    def start(self):
        self._run(f"{programs()}/pg_ctl", "-w", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-o",
                  f"-c listen_addresses='' -c timezone=Asia/Tbilisi -k {self.folder}", "start")

    def kill(self):
        """At once, in the middle of whatever it does."""
        self._run(f"{programs()}/pg_ctl", "-m", "immediate", "-D", f"{self.folder}/data", "stop", check=False)

    def create(self, database, with_postgis=True):
        self.sql(f"CREATE DATABASE {database}")
        if with_postgis:
            self.sql("CREATE EXTENSION postgis", database)

    def target(self, database):
        return f"PG:host={self.folder} user=tester dbname={database}"

    def sql(self, statement, database="postgres"):
        return self._run("psql", "-v", "ON_ERROR_STOP=1", "-tA", "-h", self.folder, "-U", "tester", "-d", database, "-c", statement)

    def _run(self, *words, check=True):
        """The server refuses to run as root."""
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # Files, as a server that stays would hold a pipe open.
        with open(f"{self.folder}/said", "w+") as said:
            done = subprocess.run([*user, *words], stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd="/")
            said.seek(0)
            text = said.read()
        if check and done.returncode != 0:
            raise AssertionError(f"{words[0]}: {text}")
        return text
