"""Calls that are under way when an account ends leave nothing in the row without a person."""

from functools import partial
from uuid import uuid4

import pytest
from django.core.mail import EmailMessage

from tests.factories import PASSWORD, UserFactory
from tests.races import in_turn, outcome
from tests.vendors.people import person
from users.models import EmailToken, Session, User
from users.services import AccountService, MailService, SessionService
from vendors.models import StoreChoice, Vendor
from vendors.services import VendorService

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]


@pytest.fixture
def ann(vendor: Vendor) -> User:
    return person(vendor, "sales")


@pytest.fixture
def end(ann: User) -> partial[str]:
    deed = partial(
        AccountService.delete, user=ann, by=UserFactory(is_superuser=True), reason="Asked for it."
    )
    return partial(outcome, deed)


def test_signing_in(ann: User, end: partial[str]) -> None:
    sign_in = partial(
        SessionService.sign_in, name=ann.email, password=PASSWORD, user_agent="A phone",
        ip="203.0.113.9",
    )  # fmt: skip
    done = in_turn(end, partial(outcome, sign_in), behind=ann)
    assert done == ["done", "invalid_credentials"]
    assert not Session.objects.exists()
    assert User.objects.get(pk=ann.pk).last_login is None


@pytest.mark.parametrize("comes_first", [False, True])
def test_choosing_a_shop(ann: User, end: partial[str], vendor: Vendor, comes_first: bool) -> None:
    select = partial(VendorService.select, vendor=vendor, by=ann, store=vendor.stores.get())
    calls = [end, partial(outcome, select)]
    done = in_turn(*calls[:: -1 if comes_first else 1], behind=ann)
    assert done == ["done", "done" if comes_first else "permission_denied"]
    assert User.objects.get(pk=ann.pk).active_vendor is None
    assert not StoreChoice.objects.exists()


def test_mail_with_a_link(ann: User, end: partial[str], mailoutbox: list[EmailMessage]) -> None:
    mails = [
        partial(MailService.reset, email=ann.email, event_id=uuid4()),
        partial(MailService.welcome, user_id=ann.pk, event_id=uuid4()),
    ]
    done = in_turn(end, *(partial(outcome, mail) for mail in mails), behind=ann)
    assert done == ["done"] * 3
    assert not EmailToken.objects.exists()
    assert [each.subject for each in mailoutbox] == ["Your account was deleted"]
