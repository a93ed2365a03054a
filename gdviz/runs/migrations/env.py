"""Alembic's script: it brings a database to a revision, on the connection that :mod:`gdviz.runs.schema` gives it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
