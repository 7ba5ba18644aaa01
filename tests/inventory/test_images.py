"""The pictures of an item: for its owner, a stranger, nobody; and for several at once.

The files behind them are in `test_s3_files`, their pixels in `test_pictures`.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from core.exceptions import NotFoundError
from inventory.models import Collectible, CollectibleImage
from inventory.services import CollectibleService, ImageService
from omni_stock.settings.storages import on_disk
from tests.core.test_pictures import SVG, black_png, noise, opened, picture
from tests.factories import CollectibleFactory
from tests.races import at_once
from users.models import User

pytestmark = pytest.mark.django_db
SHADES = [(shade, 0, 0) for shade in range(0, 250, 8)]
EIGHT_MEGABYTES = 8 * 1024**2


class Album:
    """An item's pictures as their owner, the database and the storage see them."""

    def __init__(self, item: Collectible, owner: User, client: APIClient, root: Path) -> None:
        self.item, self.owner, self.client, self.root = item, owner, client, root

    def add(self, data: bytes = b"", **options: Any) -> CollectibleImage:
        upload = ContentFile(data or picture())
        return ImageService.add(collectible=self.item, upload=upload, by=self.owner, **options)

    def add_many(self, count: int) -> list[CollectibleImage]:
        return [self.add(picture(colour=shade)) for shade in SHADES[:count]]

    def url(self, *rest: Any) -> str:
        return "/".join(["/api/v1/catalog/items", str(self.item.pk), "images", *map(str, rest), ""])

    def send(self, data: Any = b"", **fields: Any) -> Any:
        upload = SimpleUploadedFile("box.jpg", data) if isinstance(data, bytes) else data
        return self.client.post(self.url(), {"file": upload, **fields}, format="multipart")

    def get(self, *rest: Any) -> Any:
        return self.client.get(self.url(*rest))

    def patch(self, image: CollectibleImage, **changes: Any) -> Any:
        return self.client.patch(self.url(image.pk), changes)

    def delete(self, image: CollectibleImage) -> Any:
        return self.client.delete(self.url(image.pk))

    def reorder(self, ids: Any) -> Any:
        return self.client.post(self.url("reorder"), {"ids": ids})

    def rows(self) -> list[tuple[int, int, bool]]:
        rows = CollectibleImage.objects.filter(collectible=self.item).order_by("position", "pk")
        return list(rows.values_list("pk", "position", "is_primary"))

    def files(self) -> list[str]:
        return sorted(p.relative_to(self.root).as_posix() for p in self.root.rglob("*.*"))

    def version(self) -> int:
        return Collectible.all_objects.get(pk=self.item.pk).version

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing of what happens inside is left behind, in the database or in the storage."""
        images = CollectibleImage.all_objects.order_by("pk").values_list("pk", "version")
        before = list(images), self.files(), self.version()
        yield
        assert (list(images.all()), self.files(), self.version()) == before


@pytest.fixture
def album(owner: User, owner_client: APIClient, settings: Any, tmp_path: Path) -> Album:
    settings.STORAGES = {**settings.STORAGES, "default": on_disk(tmp_path)}
    return Album(CollectibleFactory(vendor=owner.vendors.get()), owner, owner_client, tmp_path)


@pytest.fixture
def other(album: Album) -> Album:
    """Of another item of the same vendor."""
    item = CollectibleFactory(vendor=album.item.vendor)
    return Album(item, album.owner, album.client, album.root)


def faults(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 400
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_owner_adds_a_picture(album: Album, kind: str) -> None:
    digest = hashlib.sha256(picture(kind)).hexdigest()
    response = album.send(picture(kind), alt_text="The box", checksum=digest.upper())
    image = CollectibleImage.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": image.pk,
        "url": f"/media/{image.file.name}",
        "thumbnail_url": None,
        "alt_text": "The box",
        "is_primary": True,
        "position": 0,
        "width": 60,
        "height": 40,
        "size": image.file.size,
        "checksum": digest,
        "created_at": image.created_at.isoformat().replace("+00:00", "Z"),
    }
    [name] = album.files()
    assert opened((album.root / name).read_bytes()).format == kind


def test_next_picture_comes_last_and_is_primary_only_when_asked(album: Album) -> None:
    first, second = album.add_many(2)
    third = album.send(picture("PNG"), is_primary=True).json()["id"]
    assert album.rows() == [(first.pk, 0, False), (second.pk, 1, False), (third, 2, True)]


def test_item_changes_with_its_pictures(album: Album) -> None:
    before = Collectible.objects.get()
    album.send(picture())
    after = Collectible.objects.get()
    assert (after.version, after.updated_by) == (before.version + 1, album.owner)
    assert after.updated_at > before.updated_at


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"checksum": "0" * 64}, ("checksum", "checksum_mismatch")),
        ({"checksum": "abc"}, ("checksum", "invalid")),
        ({"alt_text": "x" * 256}, ("alt_text", "max_length")),
        ({"alt_text": "\0"}, ("alt_text", "null_characters_not_allowed")),
        ({"is_primary": "perhaps"}, ("is_primary", "invalid")),
        ({"position": 3}, ("position", "unknown_field")),
        ({"data": "a text"}, ("file", "invalid")),
    ],
)
def test_wrong_field_is_named(album: Album, fields: Any, fault: tuple[str, str]) -> None:
    with album.unchanged():
        assert faults(album.send(**{"data": picture(), **fields})) == [fault]


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: b"", "The file is empty: send a JPEG, PNG or WebP picture."),
        (lambda: b"just text", "not a JPEG, PNG or WebP"),
        (lambda: SVG, "not a JPEG, PNG or WebP"),
        (lambda: picture("GIF"), "not a JPEG, PNG or WebP"),
        (lambda: b"GIF89a" + picture(), "not a JPEG, PNG or WebP"),
        (lambda: noise()[:900], "damaged"),
        (lambda: black_png(13_000, 13_000), "more than 40 megapixels"),
        (lambda: picture().ljust(EIGHT_MEGABYTES + 1, b"\0"), "larger than 8 MB"),
    ],
    ids=["empty", "text", "svg", "gif", "polyglot", "truncated", "bomb", "8 MB and 1 byte"],
)
def test_bad_picture_is_refused_with_its_reason(album: Album, make: Any, reason: str) -> None:
    with album.unchanged():
        response = album.send(make())
    body = response.json()
    assert reason in body["detail"]
    assert (body["code"], faults(response)) == ("image_refused", [("file", "image_refused")])


def test_eight_megabytes_are_accepted(album: Album) -> None:
    assert album.send(picture().ljust(EIGHT_MEGABYTES, b"\0")).json()["size"] < 1000


def test_same_picture_again_is_a_conflict_that_names_the_first(album: Album) -> None:
    first = album.add()
    with album.unchanged():
        response = album.send(picture(), is_primary=True)
    body = response.json()
    assert (response.status_code, body["code"], body["image"]) == (409, "duplicate_image", first.pk)


def test_deleted_picture_may_come_again_and_to_other_items(album: Album, other: Album) -> None:
    album.delete(album.add())
    assert [album.add().is_primary, other.add().is_primary] == [True, True]


def test_thirty_pictures_are_the_most(album: Album) -> None:
    album.add_many(30)
    with album.unchanged():
        response = album.send(picture("PNG"))
    assert faults(response) == [("file", "image_refused")]
    assert "has 30 pictures, which is the most" in response.json()["detail"]


def test_owner_lists_an_items_pictures_in_order(album: Album, other: Album) -> None:
    keys = [image.pk for image in album.add_many(3)]
    other.add()
    body = album.client.get(album.url(), {"page_size": 2}).json()
    assert [row["id"] for row in body.pop("results")] == keys[:2]
    assert body == {
        "count": 3,
        "next": f"{album.url()}?page=2&page_size=2",
        "previous": None,
        "page": 1,
        "page_size": 2,
        "total_pages": 2,
    }
    assert album.client.get(album.url(), {"colour": "red"}).status_code == 400


def test_one_picture_looks_as_in_the_list_and_in_the_item(album: Album) -> None:
    one = album.get(album.add().pk).json()
    item = album.client.get(f"/api/v1/catalog/items/{album.item.pk}/").json()
    assert album.get().json()["results"] == item["images"] == [one]
    assert item["image_url"] == one["url"]


@pytest.mark.parametrize("count", [2, 12])
def test_queries_do_not_grow_with_the_pictures(
    album: Album, count: int, django_assert_num_queries: Any
) -> None:
    images = album.add_many(count)
    deeds: list[tuple[int, Callable[[], Any]]] = [
        (5, album.get),
        (4, lambda: album.get(images[0].pk)),
        (12, lambda: album.reorder([image.pk for image in reversed(images)])),
        (12, lambda: album.send(picture("PNG"), is_primary=True)),
        (13, lambda: album.patch(images[0], is_primary=True)),
        (20, lambda: album.delete(images[0])),
    ]
    for queries, deed in deeds:
        with django_assert_num_queries(queries):
            assert deed().status_code < 300


@pytest.mark.parametrize(
    "call",
    [
        ("get", "", None),
        ("post", "", {"alt_text": "mine"}),
        ("post", "reorder/", {"ids": []}),
        ("get", "{}/", None),
        ("patch", "{}/", {"alt_text": "mine"}),
        ("delete", "{}/", None),
    ],
)
@pytest.mark.parametrize(
    ("who", "answer"),
    [("anonymous_client", (401, "not_authenticated")), ("stranger_client", (404, "not_found"))],
)
def test_nobody_else_reads_or_writes(
    request: pytest.FixtureRequest, album: Album, call: tuple[str, str, Any], who: str, answer: Any
) -> None:
    method, place, body = call
    path = album.url() + place.format(album.add().pk)
    client = request.getfixturevalue(who)
    form = "multipart" if (method, place) == ("post", "") else "json"
    with album.unchanged():
        response = getattr(client, method)(path, body, format=form)
    assert (response.status_code, response.json()["code"]) == answer


def test_picture_is_not_found_under_another_item(album: Album, other: Album) -> None:
    image = album.add()
    assert other.get(image.pk).status_code == other.delete(image).status_code == 404


def test_pictures_go_with_their_item_and_come_back_with_it(album: Album) -> None:
    image = album.add()
    CollectibleService.delete(collectible=album.item, by=album.owner)
    assert album.get(image.pk).status_code == 404
    CollectibleService.restore(collectible=album.item, by=album.owner)
    assert album.get(image.pk).json()["is_primary"] is True


def test_other_methods_and_media_types_are_refused(album: Album) -> None:
    path = album.url(album.add().pk)
    assert album.client.put(path, {}).status_code == 405
    assert album.client.post(path, {}).status_code == 405
    assert album.client.post(album.url(), {"file": "abc"}).status_code == 415


def test_owner_makes_another_picture_the_primary_one(album: Album) -> None:
    first, second = album.add_many(2)
    version = album.version()
    response = album.patch(second, alt_text="The box", is_primary=True)
    assert response.json() == album.get(second.pk).json()
    assert response.json()["alt_text"] == "The box"
    assert album.rows() == [(first.pk, 0, False), (second.pk, 1, True)]
    assert album.version() == version + 1


def test_primary_picture_cannot_resign(album: Album) -> None:
    first, second = album.add_many(2)
    fault = ("is_primary", "primary_needed")
    with album.unchanged():
        assert faults(album.patch(first, is_primary=False)) == [fault]
        assert album.patch(second, is_primary=False).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"colour": "red"}, "unknown_field"),
        ({"alt_text": "x" * 256}, "max_length"),
        ({"alt_text": None}, "null"),
        ({"is_primary": None}, "null"),
    ],
)
def test_unfit_change_is_refused(album: Album, changes: dict[str, Any], code: str) -> None:
    image = album.add()
    with album.unchanged():
        assert faults(album.patch(image, **changes)) == [(next(iter(changes)), code)]


def test_what_is_measured_cannot_be_written(album: Album) -> None:
    image = album.add()
    before = album.get(image.pk).json()
    with album.unchanged():
        assert album.patch(image, width=1, position=9, is_primary=True).json() == before


@pytest.mark.parametrize(("gone", "heir"), [(0, 1), (1, 2), (2, 0)])
def test_next_one_inherits_from_a_deleted_primary(album: Album, gone: int, heir: int) -> None:
    images = album.add_many(3)
    album.patch(images[gone], is_primary=True)
    version, files = album.version(), album.files()
    response = album.delete(images[gone])
    assert (response.status_code, response.content) == (204, b"")
    rest = [image.pk for place, image in enumerate(images) if place != gone]
    assert album.rows() == [(key, n, key == images[heir].pk) for n, key in enumerate(rest)]
    assert (album.version(), album.files()) == (version + 1, files)


def test_deleted_picture_is_gone(album: Album) -> None:
    image = album.add()
    album.delete(image)
    assert album.get(image.pk).status_code == album.delete(image).status_code == 404
    assert album.get().json()["count"] == 0
    with pytest.raises(NotFoundError):
        ImageService.update(image=image, by=album.owner, alt_text="late")


def test_owner_puts_the_pictures_in_order(album: Album) -> None:
    keys = [image.pk for image in album.add_many(12)][::-1]
    version = album.version()
    response = album.reorder(keys)
    assert response.json() == album.get().json()["results"]
    assert album.rows() == [(key, place, place == 11) for place, key in enumerate(keys)]
    assert album.version() == version + 1
    with album.unchanged():
        assert album.reorder(keys).json() == response.json()


@pytest.mark.parametrize(
    ("choose", "code"),
    [
        (lambda keys: keys[:2], "not_its_pictures"),
        (lambda keys: [*keys, keys[0]], "not_its_pictures"),
        (lambda keys: [*keys, 2**63 - 1], "not_its_pictures"),
        (lambda _keys: [], "not_its_pictures"),
        (lambda keys: [str(key) for key in keys], "invalid"),
        (lambda _keys: [0], "min_value"),
        (lambda _keys: [1] * 101, "max_length"),
        (lambda _keys: "all", "not_a_list"),
    ],
)
def test_order_must_name_each_picture_once(album: Album, choose: Any, code: str) -> None:
    keys = [image.pk for image in album.add_many(3)]
    with album.unchanged():
        assert faults(album.reorder(choose(keys)))[0][1] == code


@pytest.mark.django_db(transaction=True)
def test_of_several_new_primaries_at_once_one_remains(album: Album) -> None:
    sources = [picture(colour=shade) for shade in SHADES[:8]]
    at_once([partial(album.add, source, is_primary=True) for source in sources])
    rows = [(place, primary) for _key, place, primary in album.rows()]
    assert rows == [(place, place == 7) for place in range(8)]


@pytest.mark.django_db(transaction=True)
def test_all_deeds_at_once_leave_one_primary_and_no_gap(album: Album) -> None:
    *claimants, first, second = album.add_many(6)
    claim = partial(ImageService.update, by=album.owner, is_primary=True)
    delete = partial(ImageService.delete, by=album.owner)
    claims = [partial(claim, image=image) for image in claimants]
    deletions = [partial(delete, image=first), partial(delete, image=second)]
    additions = [partial(album.add, picture(kind), is_primary=True) for kind in ("PNG", "WEBP")]
    at_once([*claims, *deletions, *additions])
    assert [place for _key, place, _primary in album.rows()] == list(range(6))
    assert sum(primary for _key, _place, primary in album.rows()) == 1
