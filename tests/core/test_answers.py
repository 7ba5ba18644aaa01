"""In which language an answer is, who may keep it, and whether it is compressed."""

import gzip
import struct
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.core.test_headers import ITEMS, refusals
from tests.factories import PASSWORD, CollectibleFactory
from tests.flows.world import api, served
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
GZIP = {"Accept-Encoding": "gzip"}


def write_catalogue(folder: Path, texts: dict[str, str]) -> None:
    """A .mo file, as msgfmt makes it: sorted keys, then values, each with length and offset."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **texts}.items())
    column = [[text.encode() for text in texts] for texts in zip(*pairs, strict=True)]
    tables, data, offset = b"", b"", 28 + 16 * len(pairs)
    for text in column[0] + column[1]:
        tables += struct.pack("<II", len(text), offset + len(data))
        data += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, offset)
    folder.mkdir(parents=True)
    (folder / "django.mo").write_bytes(head + tables + data)


class TestLanguage:
    @pytest.mark.parametrize(
        ("asked", "language", "detail"),
        [
            (None, "en", "Not found."), ("", "en", "Not found."), ("fr", "en", "Not found."),
            ("*", "en", "Not found."), ("de", "de", "Nicht gefunden."),
            ("de-AT, en;q=0.5", "de", "Nicht gefunden."), ("en, de", "en", "Not found."),
            ("fr, de;q=0.2, en;q=0.1", "de", "Nicht gefunden."), ("de;q=x", "en", "Not found."),
            ("../../etc", "en", "Not found."), ("de" * 5000, "en", "Not found."),
        ],
    )  # fmt: skip
    def test_is_the_one_that_is_asked_for(
        self, client: Client, asked: str | None, language: str, detail: str
    ) -> None:
        headers = {} if asked is None else {"Accept-Language": asked}
        answer = client.get("/nothing/", headers=headers)
        assert (answer["Content-Language"], answer.json()["detail"]) == (language, detail)
        assert "Accept-Language" in answer["Vary"]

    def test_is_that_of_fields_too(self, owner_client: APIClient) -> None:
        answer = owner_client.post(ITEMS, {}, headers={"Accept-Language": "de"})
        assert answer.json()["errors"][0]["detail"] == "Dieses Feld ist zwingend erforderlich."
        assert owner_client.post(ITEMS, {}).json()["errors"][0]["code"] == "required"

    def test_is_that_of_refusals_from_every_depth(
        self, client: Client, settings: Settings, tmp_path: Path
    ) -> None:
        texts = {
            "Request too large": "Zu groß", "Not found.": "Fehlt", "Access denied": "Nein",
            "The request is not valid HTTP.": "Kein HTTP",
            "Something went wrong on our side.": "Unser Fehler",
            "The body may be compressed by gzip, once, and in no other way.": "Nur gzip",
        }  # fmt: skip
        write_catalogue(tmp_path / "de" / "LC_MESSAGES", texts)
        settings.LOCALE_PATHS = [tmp_path]
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
        told = {status: answer.json()["detail"] for status, answer in refusals(client, settings)}
        assert (told[400], told[404]) == ("Kein HTTP", "Fehlt")
        assert (told[413], told[415], told[500]) == ("Zu groß", "Nur gzip", "Unser Fehler")

    def test_does_not_stay_for_the_next_one(self, client: Client) -> None:
        client.get("/nothing/", headers={"Accept-Language": "de"})
        assert client.get("/nothing/").json()["detail"] == "Not found."

    def test_cookie_does_not_choose_it(self, client: Client) -> None:
        client.cookies["django_language"] = "de"
        assert client.get("/nothing/")["Content-Language"] == "en"

    def test_page_that_is_not_translated_does_not_claim_it(self, client: Client) -> None:
        answer = client.get("/api/docs/errors/", headers={"Accept-Language": "de"})
        assert (answer.status_code, answer["Content-Language"]) == (200, "en")


class TestKeeping:
    @pytest.mark.parametrize("address", [ITEMS, "/api/v1/auth/me/", "/nothing/", "/robots.txt"])
    def test_what_is_read_is_asked_for_again(self, owner_client: APIClient, address: str) -> None:
        answer = owner_client.get(address)
        assert answer["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Accept", "Accept-Language"} <= set(answer["Vary"].split(", "))

    @pytest.mark.parametrize("name", ["product-export", "abilities", "audit-log-list"])
    def test_view_that_says_more_is_heard(self, owner_client: APIClient, name: str) -> None:
        assert owner_client.get(reverse(name))["Cache-Control"] == "private, no-store"

    def test_schema_is_everybodys(self, client: Client) -> None:
        answer = client.get("/api/schema/")
        assert answer["Cache-Control"] == "public, max-age=300"
        assert "Authorization" not in answer["Vary"]
        assert "Accept" in answer["Vary"].split(", ")

    def test_file_has_no_language_and_is_the_same_for_all(
        self, client: Client, settings: Settings
    ) -> None:
        settings.WHITENOISE_USE_FINDERS = True
        answer = client.get("/static/admin/css/base.css")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "max-age=60, public")
        assert {"Vary", "Content-Language"} & set(answer.headers) == set()
        assert "Access-Control-Allow-Origin" not in answer

    def test_picture_is_asked_for_once(self, client: Client, settings: Settings) -> None:
        (settings.MEDIA_ROOT / "items").mkdir(parents=True, exist_ok=True)
        (settings.MEDIA_ROOT / "items" / "kept.webp").write_bytes(b"RIFF" * 200)
        answer = client.get("/media/items/kept.webp", headers=GZIP)
        assert answer["Cache-Control"] == "private, max-age=86400, immutable"
        assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Content-Encoding" not in answer
        assert b"".join(answer) == b"RIFF" * 200


@pytest.fixture
def many(vendor: Vendor) -> None:
    CollectibleFactory.create_batch(5, vendor=vendor, description="the same words " * 20)


class TestCompression:
    def test_pays_for_lists(self, owner_client: APIClient, many: None) -> None:
        plain, packed = owner_client.get(ITEMS), owner_client.get(ITEMS, headers=GZIP)
        assert packed["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content) == plain.content
        assert len(packed.content) < len(plain.content) / 2
        assert "Accept-Encoding" in plain["Vary"]

    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_export_is_still_a_stream(self, owner_client: APIClient, many: None, kind: str) -> None:
        address = f"{ITEMS}export/?format={kind}&columns=description"
        plain, packed = owner_client.get(address), owner_client.get(address, headers=GZIP)
        assert (packed.streaming, packed["Content-Encoding"]) == (True, "gzip")
        assert gzip.decompress(b"".join(packed)) == b"".join(plain)

    def test_workbook_is_packed_already(self, owner_client: APIClient, many: None) -> None:
        answer = owner_client.get(f"{ITEMS}export/?format=xlsx", headers=GZIP)
        assert b"".join(answer)[:2] == b"PK"
        assert "Content-Encoding" not in answer

    def test_tokens_are_never_compressed(self, anonymous_client: APIClient, owner: User) -> None:
        named = {"username": owner.email, "password": PASSWORD}
        answer = anonymous_client.post("/api/v1/auth/token/", named, headers=GZIP)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        assert len(answer.content) > 500
        assert "Content-Encoding" not in answer
        old = {"refresh": answer.json()["refresh"]}
        again = anonymous_client.post("/api/v1/auth/token/refresh/", old, headers=GZIP)
        assert (again.status_code, again["Cache-Control"]) == (200, "private, no-store")
        assert "Content-Encoding" not in again

    def test_no_writing_call_is_kept_or_compressed(self, owner_client: APIClient) -> None:
        """The rule by which no token, of whatever call, ever is; so it holds for calls to come."""
        asked = 0
        for name, route in api().items():
            converters = route.pattern.converters
            address = reverse(name, kwargs=dict.fromkeys(converters, 1))
            for method in served(route) - {"get", "head", "options"}:
                answer: Any = getattr(owner_client, method)(address, {}, headers=GZIP)
                assert answer["Cache-Control"] == "private, no-store", (name, method)
                assert "Content-Encoding" not in answer, (name, method)
                asked += 1
        assert asked > 40

    def test_what_may_not_be_kept_is_not_compressed(self, owner_client: APIClient) -> None:
        for number in range(3):
            owner_client.post(ITEMS, {"name": f"Falcon {number}"})
        answer = owner_client.get("/api/v1/audit-logs/", headers=GZIP)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        assert len(answer.content) > 1000
        assert "Content-Encoding" not in answer
