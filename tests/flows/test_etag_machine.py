"""P18: a write changes the tag if and only if it changes the body. Any writes, in any order.

And a tag that was used once never stands for another body, however long ago that was.
"""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rest_framework.test import APIClient

from inventory.models import Category, CollectibleImage
from inventory.services import CategoryService, CollectibleService, ImageService
from tests.conftest import pair_for
from tests.core.test_pictures import picture
from tests.factories import (
    CategoryFactory,
    CollectibleFactory,
    MemberFactory,
    StoreFactory,
    UserFactory,
    VendorFactory,
)
from tests.inventory.tables import take
from users.services import SessionService, UserService
from vendors.services import MemberService, StoreService, VendorService

WORDS = st.sampled_from(["Falcon", "Star Wars", "star wars"])
API = "/api/v1/"


class Shop(RuleBasedStateMachine):
    """A shop that is written to by its services and read by its owner."""

    def __init__(self) -> None:
        super().__init__()
        self.owner = UserFactory(email_verified_at=timezone.now())
        self.vendor = VendorFactory(owner=self.owner)
        self.store = StoreFactory(vendor=self.vendor)
        self.annex = StoreFactory(vendor=self.vendor, is_default=False)
        self.member = MemberFactory(vendor=self.vendor)
        self.category = CategoryFactory(vendor=self.vendor, name="Shelf")
        self.item = CollectibleFactory(vendor=self.vendor, category=self.category, sku="A")
        self.other = CollectibleFactory(vendor=self.vendor, sku="B")
        self.job = take(self.vendor, "Row,C,Shelf,1,1,")
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair_for(self.owner)['access']}")
        self.shades = iter(range(256))
        self.bodies: dict[tuple[str, str], bytes] = {}
        self.last: dict[str, tuple[str, bytes]] = {}

    def addresses(self) -> list[str]:
        images = CollectibleImage.objects.filter(collectible=self.item)
        return [
            *(f"catalog/items/{item.pk}/" for item in (self.item, self.other)),
            *(f"catalog/items/{self.item.pk}/images/{image.pk}/" for image in images),
            *(f"catalog/categories/{row.pk}/" for row in Category.objects.order_by("pk")[:2]),
            *(f"vendor-stores/{store.pk}/" for store in (self.store, self.annex)),
            f"vendor-members/{self.member.pk}/", f"vendors/{self.vendor.pk}/", "vendors/me/",
            f"catalog/imports/{self.job.pk}/", "auth/me/",
        ]  # fmt: skip

    @invariant()
    def tag_moves_with_the_body(self) -> None:
        for address in self.addresses():
            answer = self.client.get(f"{API}{address}")
            if answer.status_code == 404:
                continue
            tag, body = answer["ETag"], answer.content
            assert self.bodies.setdefault((address, tag), body) == body, address
            was, was_told = self.last.get(address, (tag, body))
            assert (was == tag) == (was_told == body), address
            self.last[address] = (tag, body)

    def pictures(self) -> list[Any]:
        rows = CollectibleImage.objects.filter(collectible=self.item)
        return list(rows.order_by("position"))

    @rule(name=WORDS, category=WORDS | st.none())
    def change_item(self, name: str, category: str | None) -> None:
        CollectibleService.update(
            collectible=self.item, by=self.owner, name=name, category=category
        )

    @rule(name=WORDS)
    def change_items_at_once(self, name: str) -> None:
        items = type(self.item).objects.with_details()
        ids = [self.item.pk, self.other.pk]
        CollectibleService.bulk_update(items=items, ids=ids, updates={"name": name}, by=self.owner)

    @rule()
    def delete_and_restore_item(self) -> None:
        CollectibleService.delete(collectible=self.other, by=self.owner)
        CollectibleService.restore(collectible=self.other, by=self.owner)

    @rule(name=WORDS)
    def rename_category(self, name: str) -> None:
        row = Category.objects.order_by("pk").first()
        if not Category.objects.named(name).exclude(pk=row.pk).exists():
            CategoryService.update(category=row, by=self.owner, name=name)

    @rule()
    def add_picture(self) -> None:
        data = picture("PNG", colour=(next(self.shades), 0, 0))
        upload = SimpleUploadedFile("a.png", data)
        ImageService.add(collectible=self.item, upload=upload, by=self.owner)

    @precondition(lambda self: self.pictures())
    @rule(text=WORDS, primary=st.booleans())
    def change_last_picture(self, text: str, primary: bool) -> None:
        changes: Any = {"alt_text": text, **({"is_primary": True} if primary else {})}
        ImageService.update(image=self.pictures()[-1], by=self.owner, **changes)

    @precondition(lambda self: self.pictures())
    @rule()
    def thumbnail_arrives(self) -> None:
        ImageService.make_thumbnail(image_id=self.pictures()[-1].pk)

    @precondition(lambda self: self.pictures())
    @rule()
    def first_picture_goes_last(self) -> None:
        ids = [image.pk for image in self.pictures()]
        ImageService.reorder(collectible=self.item, ids=[*ids[1:], ids[0]], by=self.owner)

    @precondition(lambda self: self.pictures())
    @rule()
    def delete_first_picture(self) -> None:
        ImageService.delete(image=self.pictures()[0], by=self.owner)

    @rule(name=WORDS)
    def import_a_table(self, name: str) -> None:
        take(self.vendor, f"{name},A,,,,", f"{name},,Shelf,,,")

    @rule(name=WORDS, default=st.booleans())
    def change_annex(self, name: str, default: bool) -> None:
        changes: Any = {"is_default": True} if default else {}
        StoreService.update(store=self.annex, by=self.owner, name=name, **changes)

    @rule()
    def main_store_is_default_again(self) -> None:
        StoreService.update(store=self.store, by=self.owner, is_default=True)

    @rule(role=st.sampled_from(["sales", "viewer"]))
    def change_member(self, role: str) -> None:
        MemberService.update(member=self.member, by=self.owner, role=role)

    @rule(annex=st.booleans())
    def member_and_owner_choose_a_store(self, annex: bool) -> None:
        store = self.annex if annex else self.store
        for user in (self.member.user, self.owner):
            VendorService.select(vendor=self.vendor, store=store, by=user)

    @rule(name=WORDS)
    def change_shop(self, name: str) -> None:
        VendorService.update(vendor=self.vendor, by=self.owner, name=name)

    @rule(name=WORDS)
    def change_profile(self, name: str) -> None:
        UserService.update_profile(user=self.owner, first_name=name)

    @rule()
    def sign_in_elsewhere(self) -> None:
        SessionService.sign_in(name=self.owner.username, password="shelf-of-blue-bricks")


@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_tag_changes_if_and_only_if_the_body_does() -> None:
    steps = settings(
        max_examples=8, stateful_step_count=12, deadline=None, database=None,
        phases=[Phase.explicit, Phase.generate],  # a shorter story would take minutes to find
    )  # fmt: skip
    run_state_machine_as_test(Shop, settings=steps)
