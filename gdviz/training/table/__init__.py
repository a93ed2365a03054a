"""A user's own CSV file: read, understood column by column, and turned into numbers. Nothing in it is evaluated.

Every decision is made on the different texts of a column, once for each, so that a large file takes little longer than
reading it. The exported script contains the source of these modules; they need nothing but NumPy and PyArrow.
"""

from gdviz.training.table.columns import KINDS, Column, said_kinds, said_line
from gdviz.training.table.plan import MOST_CATEGORIES, Plan, encode, understand
from gdviz.training.table.reading import MOST_BYTES, MOST_ROWS, Table, read

__all__ = [
    "KINDS",
    "MOST_BYTES",
    "MOST_CATEGORIES",
    "MOST_ROWS",
    "Column",
    "Plan",
    "Table",
    "encode",
    "read",
    "said_kinds",
    "said_line",
    "understand",
]
