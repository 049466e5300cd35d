"""SQLite without a trip to another thread for every small statement.

aiosqlite runs each call on a thread of its own: a statement is four trips there and back, and a turn some forty of them,
which is most of a turn's time. Inside a writing transaction the lock is held and every statement takes microseconds, so they run
right here; what can wait (taking the lock, the synced commit, reading large tables) still goes to the thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
from threading import Thread
from typing import Any

import aiosqlite
from aiosqlite.core import _STOP_RUNNING_SENTINEL, _connection_worker_thread

_MAY_WAIT = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "VACUUM")


class NearConnection(aiosqlite.Connection):
    """An aiosqlite connection whose quick calls run at once while `near` is set."""

    near = False

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Run one call of the driver: here when it is quick, else on the connection's thread as aiosqlite does."""
        if self.near and not self._may_wait(fn, args):
            return fn(*args, **kwargs)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call] # aiosqlite leaves it untyped

    def stop(self) -> Any:
        """End the thread, once: aiosqlite would wait for ever for a second goodbye that nobody is there to hear."""
        return super().stop() if self._running else None

    def __del__(self) -> None:
        """End the thread of a connection that was dropped: the pool drops one whose turn was given up, and that is no fault.

        Nobody waits for the end, and the loop may be closed already: so no future is made for it, as `stop` would.
        """
        connection = self._connection
        if connection is not None and self._running:
            self._running = False

            def close_and_stop() -> object:
                connection.close()
                return _STOP_RUNNING_SENTINEL

            self._tx.put_nowait((None, close_and_stop))

    @staticmethod
    def _may_wait(fn: Any, args: tuple[Any, ...]) -> bool:
        name = getattr(fn, "__name__", "")
        if name in ("cursor", "fetchall", "fetchone", "fetchmany"):
            return False
        if name == "execute" and args and isinstance(args[0], str):
            return args[0].lstrip().upper().startswith(_MAY_WAIT)
        closes_cursor = name == "close" and isinstance(getattr(fn, "__self__", None), sqlite3.Cursor)
        return not closes_cursor


def connect(path: str, **options: Any) -> NearConnection:
    """What SQLAlchemy calls for a new connection; it awaits the result."""

    def open_it() -> sqlite3.Connection:
        opened: sqlite3.Connection = sqlite3.connect(path, **options | {"check_same_thread": False})
        return opened

    connection = NearConnection(open_it, iter_chunk_size=64)
    # A daemon, as in SQLAlchemy's own dialect: a forgotten connection never keeps a process up.
    connection._thread = Thread(target=_work_while_heard, args=(connection._tx,), daemon=True)
    return connection


def _work_while_heard(calls: Any) -> None:
    """aiosqlite's worker; when the loop it answers to is closed, nobody is left to be told, and it simply ends."""
    with contextlib.suppress(RuntimeError):
        _connection_worker_thread(calls)
