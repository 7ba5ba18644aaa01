"""Tables as people keep them: CSV and XLSX read without harm, and written with JSON lines.

Knows rows of cells and nothing of what they mean.
"""

from core.tabular.copying import csv_of
from core.tabular.opening import open_table
from core.tabular.safety import escape, unescape
from core.tabular.table import Limits, Row, Table, TableRefused, count_rows
from core.tabular.writing import csv_chunks, jsonl_chunks, xlsx_file

__all__ = [
    "Limits",
    "Row",
    "Table",
    "TableRefused",
    "count_rows",
    "csv_chunks",
    "csv_of",
    "escape",
    "jsonl_chunks",
    "open_table",
    "unescape",
    "xlsx_file",
]
