"""A collector's first day, over HTTP only."""

from io import BytesIO
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.core.test_pictures import picture
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1/"


class Collector:
    """Someone with a browser: calls, and expects what they expect."""

    def __init__(self, client: APIClient) -> None:
        self.client = client

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, **extra: Any) -> Any:
        answer = getattr(self.client, method)(f"{API}{path}", body, **extra)
        assert answer.status_code == status, answer.content
        if answer.streaming:
            return b"".join(answer.streaming_content)
        return answer.json() if answer.content else None

    def get(self, path: str, **query: Any) -> Any:
        return self.ask("get", path, query)

    def post(self, path: str, body: Any, status: int = 201) -> Any:
        return self.ask("post", path, body, status)

    def upload(self, path: str, name: str, data: bytes, status: int, **fields: Any) -> Any:
        file = BytesIO(data)
        file.name = name
        return self.ask("post", path, {"file": file, **fields}, status, format="multipart")

    def names(self, **query: Any) -> list[str]:
        return [item["name"] for item in self.get("catalog/items/", **query)["results"]]


@pytest.fixture
def ann(anonymous_client: APIClient) -> Collector:
    """Registered and signed in."""
    ann = Collector(anonymous_client)
    account = {"username": "ann", "email": "ann@example.com", "password": PASSWORD}
    made = ann.post("auth/register/", {**account, "company_name": "Ann’s shelf"})
    assert made == {"id": made["id"], "username": "ann", "email": "ann@example.com"}
    pair = ann.post("auth/token/", {"email": "ANN@example.com", "password": PASSWORD}, 200)
    anonymous_client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    return ann


def test_first_day_of_a_collector(ann: Collector) -> None:
    me = ann.get("auth/me/")
    assert (me["active_vendor"]["name"], me["active_store"]["name"]) == (
        "Ann’s shelf",
        "Main store",
    )

    falcon = ann.post("catalog/items/", {
        "name": "Millennium Falcon", "sku": "75192-1", "category": "Star Wars",
        "value": "849.99", "quantity": 2, "condition": "sealed",
    })  # fmt: skip
    corner = ann.post("catalog/items/", {"name": "=Café Corner", "value": "1250"})
    thaler = ann.post("catalog/items/", {"name": "Thaler", "category": "Coins", "quantity": 40})
    images = f"catalog/items/{falcon['id']}/images/"
    image = ann.upload(images, "box.jpg", picture(), 201, alt_text="The box")
    shown = ann.get(f"catalog/items/{falcon['id']}/")
    assert (shown["image_url"], shown["images"][0]["alt_text"]) == (image["url"], "The box")
    assert shown["images"][0]["thumbnail_url"] is not None

    assert ann.names() == ["Thaler", "=Café Corner", "Millennium Falcon"]
    assert ann.names(category="star-wars", min_value="800") == ["Millennium Falcon"]
    assert ann.names(search="cafe") == ["=Café Corner"]
    assert ann.names(ordering="-quantity", page_size=1) == ["Thaler"]

    body = {"ids": [corner["id"], thaler["id"]], "updates": {"category": "Rest", "value": "10"}}
    assert ann.post("catalog/items/bulk_update/", body, 200)["updated"] == 2
    assert ann.names(category="rest", ordering="name") == ["=Café Corner", "Thaler"]

    for form in ("csv", "xlsx"):
        exported = ann.get("catalog/items/export/", format=form)
        job = ann.upload("catalog/imports/", f"inventory.{form}", exported, 202)
        job = ann.get(f"catalog/imports/{job['id']}/")
        assert (job["status"], job["unchanged"], job["total"]) == ("completed", 3, 3)

    ann.ask("delete", f"catalog/items/{falcon['id']}/", status=204)
    assert ann.names(is_deleted="true") == ["Millennium Falcon"]
    assert ann.get("dashboard/summary/")["total_items"] == 2
    restored = ann.post(f"catalog/items/{falcon['id']}/restore/", None, 200)
    assert (restored["sku"], restored["images"][0]["id"]) == ("75192-1", image["id"])

    summary = ann.get("dashboard/summary/")
    assert {key: summary[key] for key in summary if key != "recent_items"} == {
        "total_items": 3,
        "total_vendors": 1,
        "total_value": "869.99",
        "total_stock_value": "2109.98",
        "total_units": 43,
        "low_stock": 2,
        "items_this_month": 3,
        "items_by_category": [
            {"category": "Rest", "count": 2},
            {"category": "Star Wars", "count": 1},
        ],
    }
    assert [item["id"] for item in summary["recent_items"]] == [
        thaler["id"], corner["id"], falcon["id"],
    ]  # fmt: skip
