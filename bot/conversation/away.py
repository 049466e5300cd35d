"""Tells a database that is away from a turn that fails. Pure.

A message is not to blame for a database that stopped in the middle of its turn: it is kept, and nothing is counted
against it. A row refused, on the other hand, would be refused again.
"""

from __future__ import annotations

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    PendingRollbackError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

OUR_FAULT = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
"""A statement the database understood and refused, or could not understand."""


def is_away(error: BaseException) -> bool:
    """Whether this is what a database that is stopped, starting, broken or too slow raises.

    A PostgreSQL that shuts down or starts up says so in errors that SQLAlchemy files under none of its own kinds, and
    while connecting they come as the driver's own.
    """
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or not isinstance(error, OUR_FAULT)
    if isinstance(error, PoolTimeout | PendingRollbackError | TimeoutError | OSError):
        return True
    return type(error).__module__.partition(".")[0] in ("asyncpg", "sqlite3")
