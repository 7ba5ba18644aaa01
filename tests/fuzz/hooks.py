"""What Schemathesis cannot know of what it sends, loaded into it by `SCHEMATHESIS_HOOKS`.

Left to itself it calls for what is not there, under keys that were used before, and after the
session has ended: then nothing looks at what it sends. Some calls are left as they were drawn.
"""

import json
import os
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.auths import refresh_auth
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import EnsureResourceAvailability

KEY, CONDITION = "Idempotency-Key", "If-Match"
LONGEST = 255
WORLD: dict[str, Any] = json.loads(Path(os.environ["FUZZ_WORLD"]).read_text(encoding="utf-8"))
_calls = count()
# Who made what, by its address.
_makers: dict[str, str | None] = {}


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    number, is_step = next(_calls), _phase(case) is TestPhase.STATEFUL
    if case.headers:
        _head(case.headers, number, always=is_step)
    # A scenario's steps name what the ones before have made.
    if case.path_parameters and number % 2 and not is_step:
        known = WORLD["paths"].get(case.path, {})
        case.path_parameters.update(
            {name: known[name] for name, drawn in case.path_parameters.items()
             if name in known and _is_id(drawn)}
        )  # fmt: skip
    if number % 4:
        _name_what_is_there(case.body)


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """A scenario does not sign in again by itself when one of its steps has ended the session."""
    if case.method == "POST" and response.status_code == 201:
        made = response.json()
        if isinstance(made, dict) and "id" in made:
            _makers[f"{case.formatted_path}{made['id']}/"] = case.auth_identity
    refused = response.status_code == 401 and case.auth_identity
    if refused and _phase(case) is TestPhase.STATEFUL:
        refresh_auth(case)


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, _response: Any) -> bool:
    """All but three: what one owner has made is not there for the other, blanks around a text are
    taken off before its length counts, and in a form a list of nothing is not there."""
    if isinstance(failure, EnsureResourceAvailability):
        address = case.formatted_path
        makers = [who for made, who in _makers.items() if address.startswith(made)]
        return not makers or case.auth_identity in makers
    broken = getattr(case.meta and case.meta.phase.data, "mutations", ())
    is_form = str(case.media_type).startswith("multipart/")
    unbroken = broken and all(
        (each.keywords == ("maxLength",) and each.new_value != str(each.new_value).strip())
        or (is_form and each.new_value == [])
        for each in broken
    )
    return not (isinstance(failure, AcceptedNegativeData) and unbroken)


def _phase(case: Any) -> Any:
    return case.meta and case.meta.phase.name


def _head(headers: Any, number: int, *, always: bool) -> None:
    """A key of its own, and a version that it has; what is no key at all stays none. A scenario
    whose first step is told again what was made, and deleted since, has nothing to go on with."""
    key = headers.get(KEY)
    if isinstance(key, str) and 0 < len(key) <= LONGEST and (always or number % 8):
        tail = f"-{number}"
        headers[KEY] = key[: LONGEST - len(tail)] + tail
    if isinstance(headers.get(CONDITION), str) and number % 3:
        headers[CONDITION] = "*"


def _name_what_is_there(body: Any) -> None:
    """In an object, and in those of its lists."""
    if isinstance(body, list):
        for part in body:
            _name_what_is_there(part)
    if isinstance(body, dict):
        for name, drawn in body.items():
            if name in WORLD["bodies"] and _is_id(drawn):
                body[name] = WORLD["bodies"][name]
            _name_what_is_there(drawn)


def _is_id(drawn: Any) -> bool:
    """In an address it is a text."""
    text = str(drawn) if type(drawn) in {int, str} else ""
    return text.isdecimal() and len(text) < 20 and int(text) > 0
