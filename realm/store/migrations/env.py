"""What Alembic runs to move a database from revision to revision, inside the transaction of `apply`."""

from __future__ import annotations

from alembic import context

from realm.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
