"""The files behind the pictures, on a disk and in S3.

S3 is the storage as the settings build it, with a bucket inside this process.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3  # type: ignore[import-untyped]
import pytest
import requests
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError, connection
from django.utils import timezone
from moto import mock_aws
from rest_framework.test import APIClient

from core.exceptions import NotFoundError
from inventory.exceptions import DuplicateImage
from inventory.models import Collectible, CollectibleImage
from inventory.services import CollectibleService, ImageService
from inventory.tasks import resume_thumbnails
from omni_stock.settings.environment import Environment
from omni_stock.settings.storages import on_disk, on_s3
from tests.core.test_pictures import opened, picture
from tests.factories import CollectibleFactory
from tests.races import at_once
from users.models import User
from users.services import AvatarService
from vendors.models import Vendor

pytestmark = pytest.mark.django_db

BUCKET = "collectors-pictures"


@pytest.fixture
def region() -> str:
    return "us-east-1"  # the default, and the one with rules of its own


@pytest.fixture
def bucket(region: str, settings: Any) -> Iterator[Any]:
    """An empty bucket, in which uploads land from now on."""
    env = Environment(
        s3_bucket=BUCKET, s3_region=region, s3_access_key_id="id", s3_secret_access_key="secret"
    )
    with mock_aws():
        s3 = boto3.resource("s3", region, aws_access_key_id="id", aws_secret_access_key="secret")
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=BUCKET, **({} if region == "us-east-1" else place))
        settings.STORAGES = {**settings.STORAGES, "default": on_s3(env, "media")}
        yield s3.Bucket(BUCKET)


@pytest.fixture(params=["disk", "s3"])
def stored(request: pytest.FixtureRequest, settings: Any, tmp_path: Any) -> Callable[[], list[str]]:
    """The names in the storage, which is empty: once on a disk, once in S3."""
    if request.param == "s3":
        request.getfixturevalue("bucket")
    else:
        settings.STORAGES = {**settings.STORAGES, "default": on_disk(tmp_path)}
    return lambda: _names("")


def _names(folder: str) -> list[str]:
    folders, files = default_storage.listdir(folder)
    names = [f"{folder}{name}" for name in files]
    return sorted(names + [name for inner in folders for name in _names(f"{folder}{inner}/")])


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    return CollectibleFactory(vendor=vendor)


@pytest.fixture
def add(item: Collectible) -> Callable[..., CollectibleImage]:
    def add(upload: Any = None, **options: Any) -> CollectibleImage:
        upload, by = upload or ContentFile(picture()), item.vendor.owner
        return ImageService.add(collectible=item, upload=upload, by=by, **options)

    return add


@pytest.fixture
def send(
    owner_client: APIClient, item: Collectible, django_capture_on_commit_callbacks: Any
) -> Callable[[], dict[str, Any]]:
    """Upload a picture, let the worker work, and return the answer about the picture."""

    def send() -> dict[str, Any]:
        path = f"/api/v1/catalog/items/{item.pk}/images/"
        upload = SimpleUploadedFile("box.png", picture("PNG", (1000, 500)))
        with django_capture_on_commit_callbacks(execute=True):
            response = owner_client.post(path, {"file": upload}, format="multipart")
        answer: dict[str, Any] = owner_client.get(f"{path}{response.json()['id']}/").json()
        return answer

    return send


Stored = Callable[[], list[str]]
Add = Callable[..., CollectibleImage]
Send = Callable[[], dict[str, Any]]


# --- Wherever the files are -----------------------------------------------------------------


def test_address_tells_nothing_of_the_users_file_name(
    stored: Stored, item: Collectible, add: Add
) -> None:
    add(SimpleUploadedFile("../../Meier, private.php", picture()))
    [name] = stored()
    assert name.startswith(f"items/{item.pk}/")
    assert name.endswith("/picture.jpeg")


def test_worker_makes_the_thumbnail_of_a_new_picture(stored: Stored, send: Send) -> None:
    assert send()["thumbnail_url"]
    [name] = [name for name in stored() if name.endswith(".webp")]
    with default_storage.open(name) as file:
        assert opened(file.read()).size == (400, 200)


@pytest.mark.django_db(transaction=True)
def test_file_goes_when_the_database_refuses_the_row(stored: Stored, add: Add) -> None:
    with pytest.raises(DataError):
        add(alt_text="x" * 300)
    assert stored() == []


def test_refused_picture_leaves_no_file(stored: Stored, add: Add) -> None:
    add()
    before = stored()
    with pytest.raises(DuplicateImage):
        add()
    assert stored() == before


def test_picture_of_an_item_deleted_meanwhile_leaves_no_file(
    stored: Stored, item: Collectible, add: Add
) -> None:
    CollectibleService.delete(collectible=item, by=item.vendor.owner)
    with pytest.raises(NotFoundError):
        add()
    assert stored() == []


def test_thumbnail_made_twice_is_made_once(
    stored: Stored, add: Add, django_assert_num_queries: Any
) -> None:
    image = add()
    with django_assert_num_queries(5):  # two of them are a savepoint, in a test
        ImageService.make_thumbnail(image_id=image.pk)
    before = stored(), CollectibleImage.objects.get().version
    with django_assert_num_queries(1):
        ImageService.make_thumbnail(image_id=image.pk)
    assert (stored(), CollectibleImage.objects.get().version) == before


def test_no_thumbnail_of_what_is_deleted_or_never_was(
    stored: Stored, item: Collectible, add: Add
) -> None:
    image = add()
    ImageService.delete(image=image, by=item.vendor.owner)
    ImageService.make_thumbnail(image_id=image.pk)
    ImageService.make_thumbnail(image_id=2**63 - 1)
    assert stored() == [image.file.name]


def test_lost_file_does_not_stop_the_worker(stored: Stored, add: Add) -> None:
    image = add()
    default_storage.delete(image.file.name)
    ImageService.make_thumbnail(image_id=image.pk)
    assert (stored(), CollectibleImage.objects.get().thumbnail.name) == ([], "")


def test_unreadable_file_does_not_stop_the_others(settings: Any, tmp_path: Path, add: Add) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": on_disk(tmp_path)}
    unreadable, other = (add(ContentFile(picture(colour=(shade, 0, 0)))) for shade in (0, 200))
    default_storage.delete(unreadable.file.name)
    Path(unreadable.file.path).mkdir()  # there, and no reading it
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        resume_thumbnails()
    assert list(CollectibleImage.objects.exclude(thumbnail="")) == [other]


@pytest.mark.django_db(transaction=True)
def test_same_picture_sent_several_times_at_once_is_kept_once(stored: Stored, add: Add) -> None:
    assert at_once([add] * 6).count("duplicate_image") == 5
    kept = CollectibleImage.objects.get()
    assert stored() == sorted([kept.file.name, kept.thumbnail.name])


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_leave_one_thumbnail(stored: Stored, add: Add) -> None:
    image = add()
    [first] = [name for name in stored() if name.endswith(".webp")]  # made at the commit
    CollectibleImage.objects.update(thumbnail="")
    default_storage.delete(first)
    at_once([lambda: ImageService.make_thumbnail(image_id=image.pk)] * 4)
    kept = CollectibleImage.objects.get()
    assert stored() == sorted([kept.file.name, kept.thumbnail.name])


class Watched(InMemoryStorage):
    """Notes at every access whether a transaction is open, that is, whether others wait."""

    notes: list[bool] = []

    def _open(self, name: str, mode: str = "rb") -> Any:
        self.notes.append(connection.in_atomic_block)
        return super()._open(name, mode)  # type: ignore[misc]

    def _save(self, name: str, content: Any) -> str:
        self.notes.append(connection.in_atomic_block)
        return str(super()._save(name, content))  # type: ignore[misc]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_files_are_read_or_written(add: Add, settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.Watched"}}
    Watched.notes.clear()
    add()
    assert Watched.notes == [False, False, False]  # the picture in, and out, and the thumbnail in


# --- In S3 ----------------------------------------------------------------------------------


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=5)


def test_picture_and_thumbnail_are_read_by_their_signed_addresses(bucket: Any, send: Send) -> None:
    answer = send()
    whole, small = get(answer["url"]), get(answer["thumbnail_url"])
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "image/png")
    assert (small.status_code, small.headers["Content-Type"]) == (200, "image/webp")
    assert (opened(whole.content).size, opened(small.content).size) == ((1000, 500), (400, 200))


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_signature_is_of_the_kind_every_region_accepts_and_ends_within_an_hour(
    region: str, bucket: Any, send: Send
) -> None:
    url = send()["url"]
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert int(query["X-Amz-Expires"][0]) <= 3600
    assert "secret" not in url


def test_nothing_in_the_bucket_is_public(bucket: Any, send: Send) -> None:
    answer = send()
    unsigned = [answer[name].partition("?")[0] for name in ("url", "thumbnail_url")]
    assert [get(url).status_code for url in unsigned] == [403, 403]
    entries = list(bucket.objects.all())
    assert [entry.key.split("/")[:2] for entry in entries] == [["media", "items"]] * 2
    grantees = [grant["Grantee"]["Type"] for entry in entries for grant in entry.Acl().grants]
    assert set(grantees) == {"CanonicalUser"}


def test_tag_does_not_outlive_the_addresses_it_stands_for(
    bucket: Any, add: Add, item: Collectible, owner: User
) -> None:
    """They are good for an hour: 304 within half of it, and then new ones."""
    image = add()
    client = APIClient()
    client.force_authenticate(AvatarService.put(user=owner, upload=ContentFile(picture())))
    begin = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for address in (f"/api/v1/catalog/items/{item.pk}/images/{image.pk}/",
                    f"/api/v1/catalog/items/{item.pk}/", "/api/v1/auth/me/"):  # fmt: skip
        with time_machine.travel(begin):
            tag = client.get(address)["ETag"]
        for minutes, status in ((29, 304), (31, 200)):
            with time_machine.travel(begin + timedelta(minutes=minutes)):
                answer = client.get(address, HTTP_IF_NONE_MATCH=tag)
            assert answer.status_code == status, (address, minutes)
