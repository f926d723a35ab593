"""Run migrations on the connection that storage.schema hands over."""

from alembic import context
from sqlmodel import SQLModel

import storage.models  # noqa: F401 - the tables register themselves

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
