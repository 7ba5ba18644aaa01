"""Calls on many rows: tried before they are done, and held to what was tried.

A service does the work either way and settles it at the end of its transaction:

    outcome.plan = terms.settle([found, outcome])

A rehearsal is rolled back there and gets its plan: a signed digest of who asked for what and of
what the work found. The deed that follows the plan does the work too, and is rolled back when it
found something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from core.etags import digest
from core.exceptions import InvalidInput, PlanStale

LASTS = 3600
_SALT = "core.rehearsal"


@dataclass(frozen=True)
class Terms:
    """`versions`: by id, what the caller read. `call`: digest of who asks for what."""

    dry_run: bool = False
    versions: Mapping[int, int] = field(default_factory=dict)
    call: str = ""
    plan: str = ""

    @property
    def planned(self) -> bool:
        """Whether it matters what the work found."""
        return self.dry_run or bool(self.plan)

    def settle(self, found: object) -> str:
        """The plan, of a rehearsal; empty for the deed.

        `found` are plain values: all that the outcome hangs on. Raises `PlanStale`, and
        `InvalidInput` for a plan that is not of this call.
        """
        now = digest(found) if self.planned else ""
        if self.plan and _promised(self.plan, self.call) != now:
            raise PlanStale
        if not self.dry_run:
            return ""
        transaction.set_rollback(True)
        return signing.dumps([self.call, now], salt=_SALT)


def no_such_plan() -> InvalidInput:
    return InvalidInput.of("plan", _("This is no plan of this very call."), "unknown_plan")


def _promised(plan: str, call: str) -> str:
    try:
        planned, found = signing.loads(plan, salt=_SALT, max_age=LASTS)
    except signing.SignatureExpired as error:
        raise PlanStale from error
    except signing.BadSignature as error:
        raise no_such_plan() from error
    if planned != call:
        raise no_such_plan()
    return str(found)
