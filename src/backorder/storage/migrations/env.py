"""How Alembic runs the migrations: on the connection it is given, in that connection's transaction."""

from alembic import context

from backorder.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
