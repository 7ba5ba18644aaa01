"""The admin for staff: every page of every registered model opens, and does what it says."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import models
from django.test import Client
from django.utils import timezone

from core.models import AuditedModel
from inventory.models import Category, Collectible
from tests.factories import (
    CategoryFactory,
    CollectibleFactory,
    StoreFactory,
    UserFactory,
    VendorFactory,
)
from tests.flows.desk import (
    BUSINESS,
    FROM_ELSEWHERE,
    MAKE,
    READ_ONLY,
    address,
    filled,
    save,
    saved,
)
from tests.races import in_turn
from users.exceptions import LastAdministrator
from users.models import User
from vendors.models import AccessToken, Vendor, VendorStore

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15
of_every_model = pytest.mark.parametrize("model", MAKE, ids=lambda model: model.__name__)
of_business_models = pytest.mark.parametrize("model", BUSINESS, ids=lambda model: model.__name__)


def test_every_registered_model_is_tested() -> None:
    assert set(admin.site._registry) == set(MAKE)


class TestPages:
    @of_every_model
    def test_list_opens_in_few_queries(
        self, desk: Client, model: type[models.Model], django_assert_max_num_queries: Any
    ) -> None:
        for _row in range(20):
            MAKE[model]()
        with django_assert_max_num_queries(MOST_QUERIES):
            page = desk.get(address(model))
        assert page.status_code == 200
        assert page.context["cl"].result_count >= 20

    @of_every_model
    def test_list_is_searched(self, desk: Client, model: type[models.Model]) -> None:
        MAKE[model]()
        for words in ("a", "12", "nothing of the kind", "50% _\\ 'x'", "1" * 30):
            assert desk.get(address(model), {"q": words}).status_code == 200

    @of_every_model
    def test_list_is_filtered_and_sorted_by_each_column(
        self, desk: Client, model: type[models.Model]
    ) -> None:
        MAKE[model]()
        shown = desk.get(address(model)).context["cl"]
        queries = [
            choice["query_string"] for spec in shown.filter_specs for choice in spec.choices(shown)
        ]
        places = range(1, len(shown.list_display))
        queries += [f"?o={'.'.join(f'{sign}{place}' for place in places)}" for sign in ("", "-")]
        if shown.date_hierarchy:
            queries.append(f"?{shown.date_hierarchy}__year=2026")
        assert len(shown.filter_specs) == len(shown.model_admin.list_filter)
        for query in queries:
            assert desk.get(address(model) + query).status_code == 200, query

    @of_every_model
    def test_row_opens_in_few_queries(
        self, desk: Client, model: type[models.Model], django_assert_max_num_queries: Any
    ) -> None:
        row = MAKE[model]()
        for page in ("change", "history"):
            with django_assert_max_num_queries(MOST_QUERIES):
                assert desk.get(address(row, page)).status_code == 200

    @of_every_model
    def test_add_page_opens_unless_rows_come_from_elsewhere(
        self, desk: Client, model: type[models.Model], django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(MOST_QUERIES):
            status = desk.get(address(model, "add")).status_code
        assert status == (403 if model in FROM_ELSEWHERE else 200)

    @of_every_model
    def test_fields_are_completed(self, desk: Client, model: type[models.Model]) -> None:
        MAKE[model]()
        for field in admin.site._registry[model].get_autocomplete_fields(None):
            query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            answer = desk.get("/admin/autocomplete/", {**query, "field_name": field, "term": "e"})
            assert answer.status_code == 200

    @of_every_model
    def test_who_is_not_staff_is_sent_to_login(
        self, client: Client, model: type[models.Model]
    ) -> None:
        row = MAKE[model]()
        before = model._base_manager.filter(pk=row.pk).values().get()
        for person in (None, UserFactory(), UserFactory(is_admin=True)):
            if person:
                client.force_login(person)
            pages = [address(row, page) for page in ("change", "delete", "history")]
            for where in [address(model), address(model, "add"), *pages]:
                for answer in (client.get(where), client.post(where, {"post": "yes"})):
                    assert answer.status_code == 302
                    assert answer["Location"].startswith("/admin/login/?next=")
        assert model._base_manager.filter(pk=row.pk).values().get() == before

    @pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
    def test_what_the_system_wrote_is_only_read(
        self, desk: Client, model: type[models.Model]
    ) -> None:
        row = MAKE[model]()
        for page in ("change", "delete"):
            assert desk.post(address(row, page), {"post": "yes"}).status_code == 403
        desk.post(address(model), {"action": "delete_selected", "_selected_action": row.pk,
                                   "post": "yes"})  # fmt: skip
        assert model._base_manager.filter(pk=row.pk).exists()


class TestWriting:
    @pytest.mark.parametrize(
        ("model", "values"),
        [
            (Vendor, {"name": "Shop"}),
            (VendorStore, {"name": "Store"}),
            (Category, {"name": "LEGO"}),
            (Collectible, {"name": "Falcon"}),
        ],
    )
    def test_added_row_tells_who_added_it(
        self, desk: Client, staff: User, model: Any, values: dict[str, str]
    ) -> None:
        if model is Vendor:
            belongs: dict[str, Any] = {"owner": UserFactory().pk}
        else:
            belongs = {"vendor": VendorFactory().pk}
        assert saved(save(desk, address(model, "add"), **values, **belongs))
        row = model.objects.get(name=values["name"])
        assert (row.created_by, row.updated_by, row.version) == (staff, staff, 1)
        assert row.slug.startswith(values["name"].lower())

    @of_every_model
    def test_changed_row_tells_who_changed_it(
        self, desk: Client, staff: User, model: type[models.Model]
    ) -> None:
        row = MAKE[model]()
        if model in READ_ONLY:
            return
        before = model._base_manager.filter(pk=row.pk).values().get()
        assert saved(save(desk, address(row, "change")))
        after = model._base_manager.filter(pk=row.pk).values().get()
        if issubclass(model, AuditedModel):
            assert (after.pop("version"), after.pop("updated_by_id")) == (2, staff.pk)
            assert after.pop("updated_at") > before.pop("updated_at")
        assert {**after, "updated_at": None} == {key: before[key] for key in after} | {
            "updated_at": None
        }

    @pytest.mark.parametrize("model", [Collectible, Category, VendorStore])
    def test_vendor_is_chosen_once(self, desk: Client, model: Any) -> None:
        row = MAKE[model]()
        page = desk.get(address(row, "change"))
        assert "vendor" not in page.context["adminform"].form.fields
        assert "vendor" in desk.get(address(model, "add")).context["adminform"].form.fields
        assert saved(save(desk, address(row, "change"), vendor=VendorFactory().pk))
        assert model.objects.get(pk=row.pk).vendor == row.vendor

    @pytest.mark.parametrize("page", ["add", "change"])
    def test_category_of_another_vendor_is_told_in_the_form(self, desk: Client, page: str) -> None:
        item, foreign = CollectibleFactory(), CategoryFactory()
        where = address(Collectible if page == "add" else item, page)
        body = {"name": "Falcon", "vendor": item.vendor.pk}
        assert not saved(save(desk, where, **body, category=foreign.pk))
        own = CategoryFactory(vendor=item.vendor)
        assert saved(save(desk, where, **body, category=own.pk))

    def test_circle_and_foreign_parent_are_told_in_the_form(self, desk: Client) -> None:
        branch = MAKE[Category]()
        stem, foreign = branch.parent, CategoryFactory()
        for row, parent in ((stem, stem), (stem, branch), (stem, foreign)):
            assert not saved(save(desk, address(row, "change"), parent=parent.pk))
        body = {"name": "LEGO", "vendor": stem.vendor.pk}
        assert not saved(save(desk, address(Category, "add"), **body, parent=foreign.pk))
        assert saved(save(desk, address(Category, "add"), **body, parent=branch.pk))
        assert Category.objects.get(pk=stem.pk).parent is None

    @pytest.mark.parametrize("page", ["add", "change"])
    def test_taken_sku_is_told_in_the_form(self, desk: Client, page: str) -> None:
        first = CollectibleFactory(sku="A")
        other = CollectibleFactory(vendor=first.vendor, sku="B")
        where = address(Collectible if page == "add" else other, page)
        body = {"name": "Falcon", "vendor": first.vendor.pk, "sku": "A"}
        assert not saved(save(desk, where, **body))
        assert list(Collectible.objects.order_by("sku").values_list("sku", flat=True)) == ["A", "B"]

    @pytest.mark.parametrize("page", ["add", "change"])
    def test_taken_name_of_a_category_is_told_in_the_form(self, desk: Client, page: str) -> None:
        first = CategoryFactory(name="LEGO")
        other = CategoryFactory(vendor=first.vendor)
        where = address(Category if page == "add" else other, page)
        assert not saved(save(desk, where, name="lego", vendor=first.vendor.pk))
        assert Category.objects.filter(name__iexact="lego").get() == first

    def test_shop_that_is_left_without_a_default_store_gets_another_one(self, desk: Client) -> None:
        store = StoreFactory(slug="main-store", is_default=False)
        assert saved(save(desk, address(store.vendor, "change")))
        stores = store.vendor.stores.order_by("pk").values_list("slug", "is_default")
        assert list(stores) == [("main-store", False), ("main-store-2", True)]

    def test_store_changed_along_with_its_shop_tells_who_changed_it(
        self, desk: Client, staff: User
    ) -> None:
        store = StoreFactory()
        assert saved(save(desk, address(store.vendor, "change"), **{"stores-0-name": "New"}))
        store.refresh_from_db()
        assert (store.name, store.updated_by, store.version) == ("New", staff, 2)

    def test_new_user_can_sign_in(self, desk: Client) -> None:
        password = "shelf-of-blue-bricks"
        body = {"username": "new", "email": "new@example.com", "password1": password,
                "password2": password}  # fmt: skip
        assert saved(save(desk, address(User, "add"), **body))
        assert User.objects.get(username="new").check_password(password)
        taken = {**body, "username": "b", "email": "NEW@example.com"}
        assert not saved(save(desk, address(User, "add"), **taken))

    @pytest.mark.parametrize("spelling", ["ann@example.org", "ANN@example.com"])
    def test_another_address_is_to_be_verified_anew(
        self, desk: Client, spelling: str, django_capture_on_commit_callbacks: Any
    ) -> None:
        user = UserFactory(email="ann@example.com", email_verified_at=timezone.now())
        with django_capture_on_commit_callbacks(execute=True):
            assert saved(save(desk, address(user, "change"), email=spelling))
        user.refresh_from_db()
        stays = spelling.lower() == "ann@example.com"
        assert (user.email, user.email_verified) == (spelling, stays)
        assert [message.to for message in mail.outbox] == ([] if stays else [[spelling]])

    def test_shop_that_somebody_has_chosen_stays_chosen_while_it_is_closed(
        self, desk: Client
    ) -> None:
        user = MAKE[User]()
        user.active_vendor.delete()
        assert saved(save(desk, address(user, "change"), first_name="Ann"))
        assert User.objects.get(first_name="Ann").active_vendor_id == user.active_vendor_id

    def test_nobody_is_born_tomorrow(self, desk: Client) -> None:
        tomorrow = timezone.now().date() + timedelta(days=1)
        answer = save(desk, address(UserFactory(), "change"), birthdate=str(tomorrow))
        assert (saved(answer), answer.context["errors"]) == (False, [["This is in the future."]])

    @pytest.mark.parametrize("names", [["is_admin"], ["is_superuser", "is_admin"]])
    def test_last_administrator_is_not_taken_from_the_platform(
        self, client: Client, names: list[str]
    ) -> None:
        clerk = UserFactory(is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(content_type__model="user"))
        client.force_login(clerk)
        last = UserFactory(**dict.fromkeys(names, True))
        UserFactory(is_admin=True, is_active=False)  # paused: administers nothing
        where = address(last, "change")
        answer = save(client, where, **dict.fromkeys(names, ""))
        assert (saved(answer), answer.context["errors"]) == (False, [[LastAdministrator.detail]])
        assert saved(save(client, where, first_name="Ann"))
        UserFactory(is_superuser=True)
        assert saved(save(client, where, **dict.fromkeys(names, "")))
        last.refresh_from_db()
        assert (last.administers, last.first_name) == (False, "Ann")

    @pytest.mark.django_db(transaction=True)
    def test_two_who_take_it_from_each_other_leave_one(self) -> None:
        people = [UserFactory(is_staff=True, is_superuser=True) for _ in range(2)]
        calls = []
        for by, other in (people, people[::-1]):
            desk, where = Client(), address(other, "change")
            desk.force_login(by)
            form = {**filled(desk.get(where)), "is_superuser": ""}
            calls.append(partial(desk.post, where, form))
        assert [saved(answer) for answer in in_turn(*calls, behind=people)] == [True, False]
        assert User.objects.administrators().count() == 1

    def test_secret_of_a_token_is_in_no_page(self, desk: Client) -> None:
        row = MAKE[AccessToken]()
        for page in (address(row, "change"), address(row), address(row, "history")):
            assert row.token not in desk.get(page).content.decode()
        assert saved(save(desk, address(row, "change"), token="0123456789", is_used="on"))
        row.refresh_from_db()
        assert (row.is_used, row.token != "0123456789") == (False, True)
