"""Answers kept under an `Idempotency-Key` do not outlive the account that they tell of."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import IdempotencyKey
from tests.factories import PASSWORD, UserFactory
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
API = "/api/v1/"
MARKER = "marker7f3a"
ANN = {"email": f"{MARKER}@example.com", "password": PASSWORD}
PROFILE = {
    "first_name": MARKER, "last_name": MARKER, "birthdate": "1990-04-01", "phone_number": MARKER,
}  # fmt: skip


def ask(client: APIClient, where: str, body: Any = None, key: str = "") -> Any:
    return client.post(f"{API}{where}", body, headers={"Idempotency-Key": key or where})


def answers() -> list[bytes]:
    return [bytes(row.body) for row in IdempotencyKey.objects.exclude(body=None)]


def test_of_a_person_who_is_gone_no_answer_tells(
    anonymous_client: APIClient, owner_client: APIClient, sign_in: Any
) -> None:
    """Nor is anything done again."""
    answer = ask(anonymous_client, "auth/register/", ANN)
    ann = User.objects.get(pk=answer.json()["id"])
    User.objects.update(email_verified_at=timezone.now())
    client = sign_in(ann)
    invited = ask(owner_client, "vendor-members/", {"email": ANN["email"], "role": "sales"})
    place = f"vendor-invites/{invited.json()['id']}/accept/"
    other = ask(owner_client, "vendor-members/", {"email": "b@example.com", "role": "sales"}, "b")
    shop = ask(client, "vendors/", {"name": "Attic", "contact_info": MARKER})
    chosen = {"vendor": shop.json()["id"]}
    store = {"name": "At home", "type": "popup", "address": MARKER}
    asked = [
        answer, invited, other, shop,
        ask(client, "auth/profile/complete/", PROFILE),
        ask(client, place),
        ask(client, "vendor-stores/", store),
        ask(client, "vendor-members/select/", chosen),
    ]  # fmt: skip
    assert [each.status_code for each in asked] == [201] * 4 + [200, 200, 201, 200]
    assert MARKER.encode() in b"".join(answers())
    for vendor in Vendor.objects.filter(owner=ann):
        vendor.delete()
    assert client.delete(f"{API}auth/me/", {"password": PASSWORD}).status_code == 204
    assert MARKER.encode() not in b"".join(answers())
    assert other.content in answers()
    again = ask(anonymous_client, "auth/register/", ANN)
    assert refusal(again) == (409, "answer_not_kept")
    assert not User.objects.filter(email=ANN["email"]).exists()
    assert ask(anonymous_client, "auth/register/", ANN, key="anew").status_code == 201


def test_of_an_administrator_neither(sign_in: Any) -> None:
    client = sign_in(UserFactory(is_admin=True))
    made = ask(client, "auth/admin/register/", ANN)
    ann = sign_in(User.objects.get(pk=made.json()["id"]))
    assert ann.delete(f"{API}auth/me/", {"password": PASSWORD}).status_code == 204
    assert answers() == []
    assert refusal(ask(client, "auth/admin/register/", ANN)) == (409, "answer_not_kept")


def test_shop_that_was_given_to_them_is_not_told_of_either(
    owner_client: APIClient, owner: User, vendor: Vendor, sign_in: Any
) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(contact_info=MARKER)
    member = ask(owner_client, "vendor-members/", {"email": ANN["email"], "role": "sales"})
    ann = UserFactory(email=ANN["email"], email_verified_at=timezone.now())
    client = sign_in(ann)
    assert ask(client, f"vendor-invites/{member.json()['id']}/accept/").status_code == 200
    given = ask(owner_client, f"vendors/{vendor.pk}/transfer/", {"user": ann.pk})
    assert (given.status_code, given.json()["contact_info"]) == (200, MARKER)
    for each in Vendor.objects.filter(owner=ann):
        each.delete()
    assert client.delete(f"{API}auth/me/", {"password": PASSWORD}).status_code == 204
    assert answers() == []
