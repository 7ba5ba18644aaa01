"""What a body says of itself: its digest is checked, its compression undone."""

import gzip
import hashlib
import io
import json
import zlib
from base64 import b64encode
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.content import BodyTooLarge, Digests, NotGzip, limited, pieces, unpacked
from inventory.models import Collectible, CollectibleImage, ImportJob
from tests.core.conftest import Refusal
from tests.core.test_pictures import picture
from tests.factories import CollectibleFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
JSON = "application/json"
MOST = 10 * 1024 * 1024
BODY = json.dumps({"name": "Millennium Falcon"}).encode()
WRONG = "The body does not have the digest that Content-Digest tells."
DAMAGED = "The body is not the gzip that Content-Encoding tells."
UNREAD = "The body may be compressed by gzip, once, and in no other way."


def digest(body: bytes, name: str = "sha-256") -> str:
    made = hashlib.new(name.replace("-", ""), body).digest()
    return f"{name}=:{b64encode(made).decode()}:"


def post(client: APIClient, body: bytes, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic("POST", ITEMS, body, content_type=JSON, headers=named)


SHA = digest(BODY)
OTHER = digest(b"another body")
RIGHT = [
    SHA, digest(BODY, "sha-512"), f"{SHA}, {digest(BODY, 'sha-512')}", f"{SHA};a=b",
    f"md5=:AAAA:, {SHA}", "md5=:AAAA:", "unixsum=30637", "nonsense", f"{OTHER}, {SHA}", "",
]  # fmt: skip
FALSE = [
    OTHER, digest(b"", "sha-512"), f"{SHA}, {digest(b'', 'sha-512')}", "sha-256=::", "sha-256",
    f"sha-256={b64encode(hashlib.sha256(BODY).digest()).decode()}", "sha-256=:*:", "sha-256=:",
    f"sha-256=:{hashlib.sha256(BODY).hexdigest()}:", f"{SHA}, {OTHER}", "sha-256=:AAA:",
]  # fmt: skip
PACKED = gzip.compress(BODY, mtime=0)
NO_GZIP = {
    "plain": BODY, "a beginning": PACKED[:2], "no end": PACKED[:-1], "more after it": PACKED + b"x",
    "two of them": PACKED * 2, "zlib": zlib.compress(BODY), "another sum": PACKED[:-8] + bytes(8),
}  # fmt: skip


class TestDigest:
    @pytest.mark.parametrize("header", RIGHT)
    def test_right_or_unknown_one_lets_through(self, owner_client: APIClient, header: str) -> None:
        assert post(owner_client, BODY, Content_Digest=header).status_code == 201

    @pytest.mark.parametrize("header", FALSE)
    def test_any_other_is_400(
        self, owner_client: APIClient, assert_problem: Refusal, header: str
    ) -> None:
        answer = post(owner_client, BODY, Content_Digest=header)
        assert_problem(answer, 400, "digest_mismatch", WRONG)
        assert not Collectible.objects.exists()

    def test_is_checked_where_nobody_reads_the_body(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        address = f"{ITEMS}{item.pk}/"
        assert owner_client.delete(address, headers={"Content-Digest": SHA}).status_code == 400
        assert owner_client.get(address, headers={"Content-Digest": SHA}).status_code == 400
        empty = digest(b"")
        assert owner_client.delete(address, headers={"Content-Digest": empty}).status_code == 204

    def test_is_that_of_the_body_as_it_was_sent(self, owner_client: APIClient) -> None:
        packed = gzip.compress(BODY)
        told = {"Content_Encoding": "gzip"}
        assert post(owner_client, packed, Content_Digest=digest(packed), **told).status_code == 201
        answer = post(owner_client, packed, Content_Digest=SHA, **told)
        assert answer.json()["code"] == "digest_mismatch"

    def test_damage_is_told_before_what_it_leads_to(self, owner_client: APIClient) -> None:
        packed = gzip.compress(BODY)
        told = {"Content_Encoding": "gzip", "Content_Digest": digest(packed)}
        for damaged in (packed[:-1], packed[:10] + b"x" + packed[11:], packed + b"x", b""):
            assert post(owner_client, damaged, **told).json()["code"] == "digest_mismatch"

    @pytest.mark.parametrize("right", [True, False])
    def test_guards_pictures_too(
        self, owner_client: APIClient, vendor: Vendor, right: bool
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        boundary, file = "b", picture(size=(900, 900))
        head = 'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        form = f"--{boundary}\r\n{head}".encode() + file + f"\r\n--{boundary}--\r\n".encode()
        answer = owner_client.generic(
            "POST", f"{ITEMS}{item.pk}/images/", form, f"multipart/form-data; boundary={boundary}",
            headers={"Content-Digest": digest(form if right else file)},
        )  # fmt: skip
        assert answer.status_code == (201 if right else 400), answer.content
        assert CollectibleImage.objects.count() == right


class TestGzip:
    @pytest.mark.parametrize("name", ["gzip", "GZIP", "x-gzip", " gzip ", "identity, gzip"])
    def test_json_arrives(self, owner_client: APIClient, name: str) -> None:
        answer = post(owner_client, gzip.compress(BODY), Content_Encoding=name)
        assert (answer.status_code, answer.json()["name"]) == (201, "Millennium Falcon")

    @pytest.mark.parametrize("name", ["identity", "", ",", "identity, identity"])
    def test_plain_json_may_say_that_it_is_plain(self, owner_client: APIClient, name: str) -> None:
        assert post(owner_client, BODY, Content_Encoding=name).status_code == 201

    def test_form_arrives(self, owner_client: APIClient) -> None:
        table = b"name,sku\n" + b"".join(b"Falcon %d,F-%d\n" % (n, n) for n in range(2000))
        upload = SimpleUploadedFile("t.csv", table)
        form, kind = owner_client._encode_data({"file": upload}, "multipart")
        answer = owner_client.generic(
            "POST", "/api/v1/catalog/imports/", gzip.compress(form), kind,
            headers={"Content-Encoding": "gzip"},
        )  # fmt: skip
        assert answer.status_code == 202, answer.content
        assert ImportJob.objects.get().file.read() == table

    @pytest.mark.parametrize("name", ["br", "deflate", "zstd", "gzip, gzip", "gzip,br", "base64"])
    def test_other_ways_are_415_and_the_one_way_is_told(
        self, owner_client: APIClient, assert_problem: Refusal, name: str
    ) -> None:
        answer = post(owner_client, gzip.compress(BODY), Content_Encoding=name)
        assert_problem(answer, 415, "unsupported_media_type", UNREAD)
        assert answer["Accept-Encoding"] == "gzip"

    @pytest.mark.parametrize("body", NO_GZIP.values(), ids=NO_GZIP)
    def test_what_is_no_gzip_is_400(
        self, owner_client: APIClient, assert_problem: Refusal, body: bytes
    ) -> None:
        answer = post(owner_client, body, Content_Encoding="gzip")
        assert_problem(answer, 400, "parse_error", DAMAGED)
        assert not Collectible.objects.exists()

    def test_limit_is_that_of_the_unpacked_body(
        self, owner_client: APIClient, assert_problem: Refusal
    ) -> None:
        just = post(owner_client, gzip.compress(BODY.ljust(MOST)), Content_Encoding="gzip")
        assert just.status_code == 201
        more = post(owner_client, gzip.compress(BODY.ljust(MOST + 1)), Content_Encoding="gzip")
        assert_problem(more, 413, "request_too_large", "Request too large")

    def test_bomb_is_cut_off_where_the_limit_is(self) -> None:
        packer, nothing = zlib.compressobj(9, wbits=31), bytes(MOST)
        bomb = b"".join(packer.compress(nothing) for _ in range(50)) + packer.flush()
        content = limited(unpacked(pieces(io.BytesIO(bomb)), "gzip"), MOST)
        taken: list[int] = []
        with pytest.raises(BodyTooLarge):
            taken.extend(len(piece) for piece in content)
        assert (sum(taken), max(taken)) == (MOST, 64 * 1024)


@given(body=st.binary(max_size=300_000), level=st.integers(0, 9), size=st.integers(1, 70_000))
def test_what_was_packed_is_unpacked(body: bytes, level: int, size: int) -> None:
    packed = gzip.compress(body, level)
    parts = (packed[start : start + size] for start in range(0, len(packed), size))
    assert b"".join(unpacked(parts, "gzip")) == body


@given(damage=st.binary(max_size=200))
def test_any_bytes_are_gzip_or_refused(damage: bytes) -> None:
    for body in (damage, gzip.compress(b"abc" * 50)[:20] + damage):
        try:
            content = b"".join(unpacked(iter([body]), "gzip"))
        except NotGzip:
            continue
        assert content == (gzip.decompress(body) if body else b"")


@given(header=st.text(max_size=80) | st.text(alphabet="sha-256=:, ;AB", max_size=60))
def test_no_header_breaks_the_reader(header: str) -> None:
    digests = Digests(header)
    assert b"".join(digests.watch([b"a", b"b"])) == b"ab"
    assert set(digests.told) <= {"sha-256", "sha-512"}
