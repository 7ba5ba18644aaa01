"""Document 000, section 5.2, to the letter."""

from django.test import TestCase

from inventory.services import CollectibleService
from tests.factories import VendorFactory


class CollectibleServiceTestCase(TestCase):
    def test_create_collectible_assigns_sku(self) -> None:
        vendor = VendorFactory()

        collectible = CollectibleService.create(name="New Item", vendor=vendor, quantity=1)

        self.assertIsNotNone(collectible.sku)
        self.assertTrue(collectible.sku.startswith("ITEM-"))
