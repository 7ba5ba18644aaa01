"""Whatever these tests do, no secret gets into the log."""

import logging
import re
from collections.abc import Iterator

import pytest
from django.core import mail

from tests.factories import PASSWORD
from tests.users.door import issue
from vendors.models import Vendor

# A JWT, or a link's token.
SECRET = re.compile(r"eyJ[\w-]+\.eyJ|token=[\w-]{20}")
NEW_PASSWORD = "a-shelf-of-greener-bricks"


@pytest.fixture(autouse=True)
def _no_secret_in_any_log_line(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    mailed = {
        token for message in mail.outbox for token in re.findall(r"token=(\S+)", message.body)
    }
    for phase in ("setup", "call", "teardown"):
        lines = "\n".join(caplog.handler.format(each) for each in caplog.get_records(phase))
        assert not SECRET.search(lines)
        assert not [word for word in (PASSWORD, NEW_PASSWORD, *mailed) if word in lines]


@pytest.fixture
def code(vendor: Vendor) -> str:
    """A sign-up token of the shop, as its salesperson gets it."""
    return issue(vendor)
