"""At the salesperson's door at the same moment: real threads on real transactions, one comes in.

`RACE_ROUNDS` says how often (docs/development.md).
"""

from itertools import count

import pytest

from core.exceptions import AppException
from tests.factories import PASSWORD, MemberFactory, UserFactory, VendorFactory
from tests.races import ROUNDS, alike, in_turn, together
from tests.users.door import come, issue
from users.models import Session, User
from users.services import SalespersonService
from vendors.models import AccessToken, Vendor, VendorMember
from vendors.services import VendorService

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]


def try_to_come(code: str, email: str) -> str:
    """What came of it: `in`, or the code of the refusal."""
    try:
        SalespersonService.come_in(access_token=code, email=email, password=PASSWORD)
    except AppException as refusal:
        return refusal.code
    return "in"


def test_one_token_lets_in_one_of_two_new_salespeople(vendor: Vendor) -> None:
    codes = [issue(vendor) for _ in range(ROUNDS)]
    number = count()
    rounds = together(2, ROUNDS, lambda n: try_to_come(codes[n], f"{next(number)}@example.com"))
    assert [sorted(outcome) for outcome in rounds] == [["access_token_not_valid", "in"]] * ROUNDS
    assert AccessToken.objects.filter(is_used=True, version=3).count() == ROUNDS
    assert VendorMember.objects.count() == Session.objects.count() == ROUNDS
    assert User.objects.filter(is_salesperson=True).count() == ROUNDS
    used_by = set(AccessToken.objects.values_list("used_by", flat=True))
    assert used_by == set(VendorMember.objects.values_list("user", flat=True))


def test_one_token_lets_one_known_account_in_once(vendor: Vendor) -> None:
    """The two ends of a double click."""
    codes = [issue(vendor) for _ in range(ROUNDS)]
    people = [UserFactory().email for _ in range(ROUNDS)]
    rounds = together(2, ROUNDS, lambda n: try_to_come(codes[n], people[n]))
    assert [sorted(outcome) for outcome in rounds] == [["access_token_not_valid", "in"]] * ROUNDS
    assert VendorMember.objects.count() == Session.objects.count() == ROUNDS


def test_of_eight_calls_one_is_let_in(vendor: Vendor) -> None:
    code = issue(vendor)
    number = count()
    answers = alike(8, lambda: come(code, f"{next(number)}@example.com"))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert User.objects.filter(is_salesperson=True).count() == 1


def test_two_tokens_make_one_member_of_one_person(vendor: Vendor) -> None:
    """Who comes second is refused, and keeps the token, or finds the membership there."""
    email = UserFactory().email
    codes = iter([issue(vendor), issue(vendor)])
    outcomes = sorted(alike(2, lambda: try_to_come(next(codes), email)))
    assert outcomes in (["in", "in"], ["in", "member_taken"])
    assert VendorMember.objects.count() == 1
    assert AccessToken.objects.filter(is_used=True).count() == outcomes.count("in")


def test_two_tokens_make_one_account_of_one_new_address(vendor: Vendor) -> None:
    codes = iter([issue(vendor), issue(VendorFactory())])
    outcomes = alike(2, lambda: try_to_come(next(codes), "bob@example.com"))
    assert User.objects.filter(email="bob@example.com").count() == 1
    assert AccessToken.objects.filter(is_used=True).count() == outcomes.count("in") >= 1


def test_of_eight_that_mark_it_used_the_first_is_told_true(vendor: Vendor) -> None:
    issue(vendor)
    rows = [AccessToken.objects.get() for _ in range(8)]
    told = in_turn(*(row.mark_used for row in rows), behind=rows[0])
    assert told == [True] + [False] * 7


def test_account_that_is_paused_while_it_comes_in_is_refused(vendor: Vendor) -> None:
    user, code = UserFactory(), issue(vendor)
    account = User.objects.filter(pk=user.pk)
    _paused, outcome = in_turn(
        lambda: account.update(is_active=False), lambda: try_to_come(code, user.email), behind=user
    )
    assert outcome == "invalid_credentials"
    assert not AccessToken.objects.get().is_used
    assert not VendorMember.objects.exists()


def test_coming_in_while_the_shop_closes_never_hangs_and_never_halves() -> None:
    """Neither waits for the other in a circle, and who came too late has used nothing up."""
    shops = [VendorFactory() for _ in range(ROUNDS)]
    codes = [issue(shop) for shop in shops]
    emails = [f"{number}@example.com" for number in range(ROUNDS)]
    for number in range(0, ROUNDS, 2):
        emails[number] = MemberFactory(vendor=shops[number], role="viewer").email
    turns = count()

    def act(number: int) -> str:
        if next(turns) % 2:
            return try_to_come(codes[number], emails[number])
        VendorService.delete(vendor=shops[number], by=shops[number].owner)
        return "closed"

    outcomes = [set(each) for each in together(2, ROUNDS, act)]
    assert all(
        each in ({"closed", "in"}, {"closed", "access_token_not_valid"}) for each in outcomes
    )
    entered = {shop.pk for shop, each in zip(shops, outcomes, strict=True) if "in" in each}
    used = AccessToken.all_objects.filter(is_deleted=True, is_used=True)
    assert set(used.values_list("vendor", flat=True)) == entered
    selling = VendorMember.all_objects.filter(role="sales")
    assert set(selling.values_list("vendor", flat=True)) == entered
    new = {shop.pk for shop in shops[1::2]}
    assert User.objects.filter(is_salesperson=True).count() == len(entered & new)
