"""The store of training runs: configurations, events, results and commands in one database, model files beside it.

SQLite in WAL mode by default, so that a worker writes while any number of processes read; or the database that
``GDVIZ_DATABASE_URL`` names. Committed events stay readable, whatever becomes of the process that wrote them.
"""

from gdviz.runs.errors import StoreError
from gdviz.runs.quotas import QuotaError
from gdviz.runs.records import ACTIVE, RESUMABLE, Event, Run, Status
from gdviz.runs.store import SORTS, Runs

__all__ = ["ACTIVE", "RESUMABLE", "SORTS", "Event", "QuotaError", "Run", "Runs", "Status", "StoreError"]
