"""What Alembic runs: the revisions, on the connection that `bot.store.migrate` opened."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from bot.store.tables import Instant


def render_item(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """A revision names plain types only, so that it never changes with the code."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    compare_type=True,
    render_item=render_item,
)
context.run_migrations()
