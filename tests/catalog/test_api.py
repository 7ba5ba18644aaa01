"""Document 000, section 5.1, to the letter."""

from django.contrib.auth import get_user_model
from rest_framework.test import APITestCase

from inventory.models import Collectible
from vendors.models import Vendor

User = get_user_model()


class CollectibleAPITestCase(APITestCase):
    def setUp(self) -> None:
        self.user = User.objects.create_user("test", "test@test.com", "pass")
        self.vendor = Vendor.objects.create(name="Test Vendor", owner=self.user)
        self.client.force_authenticate(user=self.user)

    def test_list_collectibles(self) -> None:
        Collectible.objects.create(name="Test Item", vendor=self.vendor, sku="TEST001")
        response = self.client.get("/api/v1/catalog/items/")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(len(response.data["results"]), 1)

    def test_cannot_access_other_user_items(self) -> None:
        other_user = User.objects.create_user("other", "other@test.com", "pass")
        other_vendor = Vendor.objects.create(name="Other Vendor", owner=other_user)
        Collectible.objects.create(name="Other Item", vendor=other_vendor)

        response = self.client.get("/api/v1/catalog/items/")
        self.assertEqual(len(response.data["results"]), 0)
