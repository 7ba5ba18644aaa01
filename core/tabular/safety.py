"""Text that a spreadsheet program must not take for a formula (OWASP: CSV injection).

One rule for every spreadsheet, CSV and XLSX alike; what has no formulas (JSON) is left raw.
"""

import re
from functools import cache

# White space, and what looks like nothing and is skipped on the way to a formula: control
# characters, zero-width characters, the byte order mark.
_UNSEEN = r"\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
_SIGNS = r"=+\-@＝＋－＠"
_BREAKS = r"\t\r\n"
_FORMULA = re.compile(rf"['{_UNSEEN}]*[{_SIGNS}]|'*[{_BREAKS}]")


def escape(text: str) -> str:
    """The text as a cell may hold it: one `'` in front where a program could see a formula.

    Text that brings its own `'`s before a formula gets one more, so nothing is ambiguous:
    `unescape(escape(text)) == text` for every text.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescape(text: str) -> str:
    """Take off exactly what `escape` put on; any other text comes back as it is."""
    # A `'` in front of anything never changes whether it counts as a formula. That is what makes
    # the rule reversible, and a change of the pattern must keep it.
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


@cache
def formula_pattern() -> str:
    """What `escape` looks for, as a regular expression of PostgreSQL.

    What counts as white space there is another matter, so each sign is written out.
    """
    unseen = re.compile(f"[{_UNSEEN}]")
    signs = "".join(f"\\u{n:04x}" for n in range(1, 0x10000) if unseen.match(chr(n)))
    return f"^(['{signs}]*[{_SIGNS}]|'*[{_BREAKS}])"
