"""Planning without a database: a backlog as Arrow tables or Parquet files in, a plan as tables out."""

from backorder.adapters.arrow.backlog import BadTable, backlog_of
from backorder.adapters.arrow.planning import Planned, plan_tables

__all__ = ["BadTable", "Planned", "backlog_of", "plan_tables"]
