"""Invitations are mail to people who did not ask for it: how much of it one shop can send."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone
from rest_framework.test import APIClient

from tests.factories import MemberFactory
from tests.vendors.people import client_of, refusal
from users.services import MailService
from vendors.models import Vendor, VendorMember

MEMBERS = "/api/v1/vendor-members/"
BOB = {"email": "Bob@example.com", "role": "sales"}
# Mails leave after the commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _few(settings: Any) -> None:
    settings.RATE_LIMIT_ENABLED = True
    old = settings.REST_FRAMEWORK
    rates = {**old["DEFAULT_THROTTLE_RATES"], "invite": "2/hour"}
    settings.REST_FRAMEWORK = {**old, "DEFAULT_THROTTLE_RATES": rates}


def invite(client: APIClient, email: str = "bob@example.com") -> Any:
    return client.post(MEMBERS, {**BOB, "email": email})


def withdraw(client: APIClient) -> None:
    assert client.delete(f"{MEMBERS}{VendorMember.objects.get().pk}/").status_code == 204


@pytest.mark.usefixtures("_few")
def test_an_account_sends_so_many_an_hour_and_no_more(
    owner_client: APIClient, stranger_client: APIClient, vendor: Vendor, sign_in: Any
) -> None:
    for number in range(2):
        assert invite(owner_client, f"bob{number}@example.com").status_code == 201
    answer = invite(owner_client, "bob3@example.com")
    assert refusal(answer) == (429, "throttled")
    assert int(answer["Retry-After"]) > 3000
    assert len(mail.outbox) == 2
    assert owner_client.get(MEMBERS).status_code == 200
    assert invite(stranger_client).status_code == 201
    assert invite(client_of(sign_in, vendor, "admin"), "ann@example.com").status_code == 201


def test_withdrawing_and_inviting_by_turns_is_one_mail_an_hour(owner_client: APIClient) -> None:
    for _turn in range(3):
        assert invite(owner_client).status_code == 201
        withdraw(owner_client)
    assert len(mail.outbox) == 1
    past = timezone.now() - timedelta(minutes=61)
    VendorMember.all_objects.exclude(mailed_at=None).update(mailed_at=past)
    assert invite(owner_client, "BOB@EXAMPLE.COM").status_code == 201
    assert [message.to for message in mail.outbox] == [["bob@example.com"], ["BOB@EXAMPLE.COM"]]


def test_other_shops_and_addresses_have_mails_of_their_own(
    owner_client: APIClient, stranger_client: APIClient
) -> None:
    invite(owner_client)
    withdraw(owner_client)
    invite(stranger_client)
    invite(owner_client, "ann@example.com")
    assert len(mail.outbox) == 3


def test_mail_that_failed_is_tried_again(vendor: Vendor) -> None:
    member = MemberFactory(vendor=vendor, user=None, email="b@c.com", invite_status="pending")
    for _attempt in range(2):
        MailService.invitation(member_id=member.pk, event_id=uuid4())
    assert len(mail.outbox) == 2
    member.refresh_from_db()
    assert (member.version, member.mailed_at is not None) == (1, True)


def test_name_of_a_shop_stays_in_the_subject(owner_client: APIClient, vendor: Vendor) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(name="Shop\n\nYou have won")
    invite(owner_client)
    [message] = mail.outbox
    assert message.subject == "You are invited to work in “Shop You have won”"
    assert message.body.startswith("Somebody who manages this shop")
