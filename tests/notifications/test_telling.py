"""Who is told of what happened: by role, by choice, once, in the own language."""

from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone

from core.mail import render_text
from core.models import OutboxMessage
from core.outbox import announce
from core.relay import relay
from inventory.services import Line, StockService
from notifications.enums import Kind
from notifications.handlers import tell_shop
from notifications.models import Notification, NotificationPreference
from notifications.services import News, NotificationService
from tests.factories import CollectibleFactory, MemberFactory, StoreFactory, UserFactory
from users.events import RefreshTokenReused
from users.models import User
from users.selectors import get_accounts
from users.services import AccountService, PasswordService
from vendors.models import Vendor
from vendors.roles import Ability
from vendors.services import MemberService

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(vendor: Vendor) -> Any:
    return CollectibleFactory(
        vendor=vendor, name="Black <Lotus>", sku="LEA-232", quantity=4, low_stock_threshold=3
    )


def sell(item: Any, units: int) -> None:
    store = item.levels.get().store
    StockService.sell(lines=[Line(item, store, units)], by=item.vendor.owner)
    relay()


def told() -> list[tuple[str, int]]:
    return list(Notification.objects.order_by("pk").values_list("kind", "user_id"))


class TestStock:
    def test_low_stock_is_told_whole(self, item: Any, owner: User) -> None:
        sell(item, 2)
        row = Notification.objects.get()
        assert (row.user, row.vendor, row.kind, row.is_shown, row.read_at) == (
            owner, item.vendor, "low_stock", True, None,
        )  # fmt: skip
        assert row.title == "Black <Lotus> runs low"
        assert row.body == "2 left of Black <Lotus> (LEA-232); the warning is set to 3."
        assert row.data == {
            "item": item.pk, "name": "Black <Lotus>", "sku": "LEA-232", "quantity": 2,
            "threshold": 3, "vendor": item.vendor_id,
        }  # fmt: skip

    def test_last_one_gone_is_told_once_and_not_as_low_too(self, item: Any, owner: User) -> None:
        sell(item, 4)
        assert told() == [("out_of_stock", owner.pk)]
        assert Notification.objects.get().title == "Black <Lotus> is sold out"

    def test_last_one_gone_is_mailed_to_those_alone_who_want_that(
        self, item: Any, owner: User
    ) -> None:
        bob = MemberFactory(vendor=item.vendor, role="manager").user
        NotificationPreference.objects.create(
            user=bob, kind="out_of_stock", channel="email", enabled=True
        )
        sell(item, 4)
        assert {user for _kind, user in told()} == {owner.pk, bob.pk}
        assert [message.to for message in mail.outbox] == [[bob.email]]

    def test_those_are_told_who_may_do_something_about_it(self, item: Any, owner: User) -> None:
        people = {role: MemberFactory(vendor=item.vendor, role=role).user
                  for role in ("admin", "manager", "sales", "viewer")}  # fmt: skip
        MemberFactory(vendor=item.vendor, role="manager", is_active=False)
        MemberFactory(vendor=item.vendor, role="manager", user__is_active=False)
        MemberFactory(role="manager")
        StoreFactory(vendor__owner=UserFactory())
        sell(item, 4)
        readers = {owner.pk, people["admin"].pk, people["manager"].pk}
        assert {user_id for _kind, user_id in told()} == readers

    def test_closed_shop_tells_nobody(self, item: Any) -> None:
        Vendor.objects.update(is_deleted=True, deleted_at=timezone.now())
        tell_shop(uuid4(), Kind.LOW_STOCK, item.vendor_id, Ability.STOCK_WRITE, {})
        assert told() == []

    def test_everybody_is_told_in_the_own_language(self, item: Any, owner: User) -> None:
        german = MemberFactory(vendor=item.vendor, role="admin", user__language="de").user
        sell(item, 2)
        titles = dict(Notification.objects.values_list("user_id", "title"))
        assert titles == {owner.pk: "Black <Lotus> runs low",
                          german.pk: "Black <Lotus> wird knapp"}  # fmt: skip
        assert {(m.to[0], m.subject) for m in mail.outbox} == {
            (owner.email, titles[owner.pk]), (german.email, titles[german.pk]),
        }  # fmt: skip

    def test_number_of_people_costs_no_queries(
        self, item: Any, django_assert_num_queries: Any
    ) -> None:
        MemberFactory.create_batch(20, vendor=item.vendor, role="manager")
        event = uuid4()
        data = {"name": "A", "sku": "B", "quantity": 2, "threshold": 3}
        # The readers with what they want, the rows, the mails; and a savepoint around each.
        with django_assert_num_queries(5):
            tell_shop(event, Kind.LOW_STOCK, item.vendor_id, Ability.STOCK_WRITE, data)
        assert len(told()) == 21
        assert OutboxMessage.objects.filter(event__endswith="MailWanted").count() == 21


class TestTwice:
    def test_of_one_event_nobody_is_told_twice(self, item: Any) -> None:
        sell(item, 2)
        message = OutboxMessage.objects.get(handler__endswith="warn_of_low_stock")
        OutboxMessage.objects.filter(pk=message.pk).update(
            state="pending", next_attempt_at=timezone.now()
        )
        relay()
        message.refresh_from_db()
        assert (message.state, message.attempts) == ("done", 2)
        assert (len(told()), len(mail.outbox)) == (1, 1)

    def test_who_was_not_told_yet_is(self, item: Any, owner: User) -> None:
        event = uuid4()
        news = News(event, Kind.ANNOUNCEMENT, data={}, text=render_text(
            "notifications/texts/out_of_stock.txt", "", {"name": "A", "sku": "B"}))  # fmt: skip
        everybody = get_accounts()
        assert NotificationService.tell(news=news, people=everybody.filter(pk=owner.pk)) == 1
        UserFactory()
        assert NotificationService.tell(news=news, people=everybody) == 1


class TestChoice:
    @pytest.mark.parametrize(
        ("in_app", "email", "rows", "shown", "mails"),
        [(True, True, 1, 1, 1), (False, True, 1, 0, 1), (True, False, 1, 1, 0),
         (False, False, 0, 0, 0)],
    )  # fmt: skip
    def test_is_followed(
        self, item: Any, owner: User, in_app: bool, email: bool, rows: int, shown: int, mails: int
    ) -> None:
        for channel, enabled in (("in_app", in_app), ("email", email)):
            NotificationPreference.objects.create(
                user=owner, kind="out_of_stock", channel=channel, enabled=enabled
            )
        sell(item, 4)
        assert (Notification.objects.count(), len(mail.outbox)) == (rows, mails)
        assert Notification.objects.shown_to(owner.pk).count() == shown

    def test_of_one_kind_says_nothing_of_another_nor_of_somebody_else(
        self, item: Any, owner: User, stranger: User
    ) -> None:
        for user, kind in ((owner, "out_of_stock"), (stranger, "low_stock")):
            for channel in ("in_app", "email"):
                NotificationPreference.objects.create(
                    user=user, kind=kind, channel=channel, enabled=False
                )
        sell(item, 2)
        assert (len(told()), len(mail.outbox)) == (1, 1)

    def test_security_is_told_whatever_the_table_says(self, owner: User) -> None:
        NotificationPreference.objects.create(
            user=owner, kind="security", channel="in_app", enabled=False
        )
        PasswordService.change(
            user=owner, session_id=None, current_password="shelf-of-blue-bricks",
            new_password="a-shelf-of-greener-bricks",
        )  # fmt: skip
        relay()
        row = Notification.objects.get()
        assert (row.kind, row.title, row.is_shown) == (
            "security", "Your password was changed", True,
        )  # fmt: skip
        assert len(mail.outbox) == 1  # the one of `users`


class TestPeople:
    def test_account_of_the_invited_is_told(self, vendor: Vendor, owner: User) -> None:
        bob = UserFactory(language="de")
        for email in (bob.email.upper(), "nobody@example.com"):
            MemberService.invite(vendor=vendor, by=owner, email=email, role="sales")
        relay()
        row = Notification.objects.get()
        invite = vendor.members.get(email__iexact=bob.email)
        assert (row.user, row.title) == (bob, f"Einladung zur Mitarbeit in „{vendor.name}“")
        assert row.data == {"invite": invite.pk, "shop": vendor.name, "role": "sales"}

    def test_invitation_that_was_withdrawn_is_not_told(self, vendor: Vendor, owner: User) -> None:
        bob = UserFactory()
        member = MemberService.invite(vendor=vendor, by=owner, email=bob.email, role="sales")
        MemberService.remove(member=member, by=owner)
        relay()
        assert told() == []

    def test_reused_token_is_told_to_the_account(self, owner: User) -> None:
        announce(RefreshTokenReused(user_id=owner.pk, session_id=7))
        relay()
        row = Notification.objects.get()
        assert (row.user, row.title) == (owner, "We signed you out on one device")
        assert row.data == {"what": "session_ended", "session": 7}

    def test_account_that_is_deleted_takes_all_it_was_told_along(self, stranger: User) -> None:
        user = UserFactory()
        staff = UserFactory(is_superuser=True)
        for reader in (user, stranger):
            Notification.objects.create(user=reader, kind="security", event_id=uuid4(), title="A")
        NotificationPreference.objects.create(
            user=user, kind="low_stock", channel="email", enabled=False
        )
        AccountService.delete(user=user, by=staff, reason="Asked for it")
        relay()
        assert told() == [("security", stranger.pk)]
        assert not NotificationPreference.objects.exists()


class TestMail:
    def test_is_whole(self, item: Any, owner: User, settings: Any) -> None:
        settings.FRONTEND_URL = "https://shop.example"
        sell(item, 2)
        [message] = mail.outbox
        wanted = OutboxMessage.objects.get(event__endswith="MailWanted")
        assert (message.to, message.subject) == ([owner.email], "Black <Lotus> runs low")
        assert message.body == (
            "2 left of Black <Lotus> (LEA-232); the warning is set to 3.\n\n"
            "What you are mailed about is chosen here:\n\n"
            "  https://shop.example/settings/notifications\n"
        )
        assert message.extra_headers == {"Message-ID": f"<{wanted.event_id}@omni-stock.example>"}

    @pytest.mark.parametrize("change", ["pause", "forget"])
    def test_is_not_sent_to_who_is_gone_meanwhile(
        self, item: Any, owner: User, change: str
    ) -> None:
        warn_of = Notification.objects.create(
            user=owner, kind="low_stock", event_id=uuid4(), title="A"
        )
        if change == "pause":
            User.objects.update(is_active=False)
        else:
            NotificationService.forget(user_id=owner.pk)
        NotificationService.send_mail(notification_id=warn_of.pk, event_id=uuid4())
        assert mail.outbox == []
