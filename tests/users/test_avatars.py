"""The picture of a person: taken, replaced, removed, refused."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from PIL import Image
from rest_framework.test import APIClient

from core.models import AuditLog, OutboxMessage
from core.relay import relay
from omni_stock.settings.storages import on_disk
from tests.core.test_pictures import SVG, black_png, encoded, noise, opened, picture
from tests.factories import UserFactory
from tests.races import at_once
from users.exceptions import SessionEnded
from users.models import User
from users.services import AccountService, AvatarService

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me/"
AVATAR = f"{ME}avatar/"


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    settings.STORAGES = {**settings.STORAGES, "default": on_disk(tmp_path)}
    return tmp_path


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.*"))


def send(client: APIClient, data: bytes = b"", **fields: Any) -> Any:
    upload = SimpleUploadedFile("me at home.jpg", data or picture())
    return client.put(AVATAR, {"image": upload, **fields}, format="multipart")


def trail() -> list[str]:
    return list(AuditLog.objects.order_by("pk").values_list("action", flat=True))


class TestPut:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_keeps_the_middle_under_an_address_nobody_can_guess(
        self, owner_client: APIClient, root: Path, kind: str
    ) -> None:
        exif = Image.Exif()
        exif[0x010F] = "SecretCamera"
        large = Image.new("RGB", (600, 400), (255, 0, 0))
        answer = send(owner_client, encoded(large, kind, exif=exif))
        [name] = files(root)
        assert (answer.status_code, answer.json()["avatar_url"]) == (200, f"/media/{name}")
        assert answer.json() == owner_client.get(ME).json()
        folder, _slash, last = name.partition("/")
        assert (folder, len(last), last[32:]) == ("avatars", 37, ".webp")
        kept = (root / name).read_bytes()
        assert (opened(kept).format, opened(kept).size) == ("WEBP", (256, 256))
        assert b"Secret" not in kept
        assert trail() == ["set the avatar"]

    def test_deletes_the_one_before_once_it_is_committed(
        self, owner_client: APIClient, root: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        first = send(owner_client).json()["avatar_url"]
        with django_capture_on_commit_callbacks(execute=True):
            second = send(owner_client).json()["avatar_url"]
            assert len(files(root)) == 2
        assert first != second
        assert [f"/media/{name}" for name in files(root)] == [second]

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b" ", "This is not a JPEG, PNG or WebP picture."),
            (SVG, "This is not a JPEG, PNG or WebP picture."),
            (picture("GIF"), "This is not a JPEG, PNG or WebP picture."),
            (noise()[:900], "The picture is damaged and cannot be read to its end."),
            (
                black_png(13_000, 13_000),
                "The picture has more than 40 megapixels, which is the most that is accepted.",
            ),
            (
                picture() + bytes(2 * 1024**2),
                "The picture is larger than 2 MB, which is the most that is accepted.",
            ),
        ],
        ids=["text", "svg", "gif", "damaged", "bomb", "large"],
    )
    def test_bad_picture_is_refused_and_the_old_one_stays(
        self, owner_client: APIClient, root: Path, data: bytes, reason: str
    ) -> None:
        send(owner_client)
        before = files(root)
        answer = send(owner_client, data)
        assert (answer.status_code, answer.json()["code"]) == (400, "image_refused")
        [fault] = answer.json()["errors"]
        assert fault == {"field": "image", "code": "image_refused", "detail": reason}
        assert files(root) == before
        assert trail() == ["set the avatar"]

    def test_two_megabytes_are_accepted(self, owner_client: APIClient) -> None:
        source = picture()
        assert send(owner_client, source + bytes(2 * 1024**2 - len(source))).status_code == 200

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [({}, "image", "required"), ({"image": "text"}, "image", "invalid"),
         ({"user": "1"}, "user", "unknown_field")],
    )  # fmt: skip
    def test_wrong_field_is_named(
        self, owner_client: APIClient, body: dict[str, str], field: str, code: str
    ) -> None:
        answer = owner_client.put(AVATAR, body, format="multipart")
        assert answer.status_code == 400
        assert (field, code) in [(e["field"], e["code"]) for e in answer.json()["errors"]]

    def test_other_media_types_and_methods_are_refused(self, owner_client: APIClient) -> None:
        assert owner_client.put(AVATAR, {"image": "text"}).status_code == 415
        for method in ("get", "post", "patch"):
            assert getattr(owner_client, method)(AVATAR).status_code == 405

    def test_changes_the_own_account_alone(
        self, owner_client: APIClient, stranger_client: APIClient
    ) -> None:
        send(owner_client)
        assert stranger_client.get(ME).json()["avatar_url"] is None

    def test_file_of_an_account_that_ended_meanwhile_is_taken_away(self, root: Path) -> None:
        user = UserFactory()
        User.objects.update(is_active=False)
        with pytest.raises(SessionEnded):
            AvatarService.put(user=user, upload=ContentFile(picture()))
        assert files(root) == []


class TestDelete:
    def test_removes_picture_and_file(
        self, owner_client: APIClient, root: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        send(owner_client)
        with django_capture_on_commit_callbacks(execute=True):
            assert owner_client.delete(AVATAR).status_code == 204
        assert owner_client.get(ME).json()["avatar_url"] is None
        assert files(root) == []
        assert trail()[1:] == ["removed the avatar"]

    def test_is_the_same_without_one(self, owner_client: APIClient) -> None:
        assert owner_client.delete(AVATAR).status_code == 204
        assert trail() == []


def test_needs_a_token(anonymous_client: APIClient) -> None:
    assert send(anonymous_client).status_code == 401
    assert anonymous_client.delete(AVATAR).status_code == 401


class AwayStorage(FileSystemStorage):
    """Deletes nothing while it is away."""

    away = False

    def delete(self, name: str) -> None:
        if self.away:
            raise OSError("no route to the storage")
        super().delete(name)


def end(user: User) -> None:
    AccountService.delete(user=user, by=UserFactory(is_superuser=True), reason="Asked for it.")


def put_another(user: User) -> None:
    AvatarService.put(user=user, upload=ContentFile(picture()))


def remove(user: User) -> None:
    AvatarService.remove(user=user)


@pytest.mark.parametrize("deed", [end, put_another, remove])
def test_file_goes_also_where_the_storage_is_away_at_first(
    deed: Callable[[User], None],
    settings: Any,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    away = {**on_disk(root), "BACKEND": f"{__name__}.AwayStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": away}
    user = AvatarService.put(user=UserFactory(), upload=ContentFile(picture()))
    name = user.avatar.name
    monkeypatch.setattr(AwayStorage, "away", True)
    with django_capture_on_commit_callbacks(execute=True):
        deed(user)
    user.refresh_from_db()
    assert user.avatar.name != name
    assert name in files(root)
    monkeypatch.setattr(AwayStorage, "away", False)
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    relay()
    assert files(root) == [user.avatar.name] * bool(user.avatar)
    AvatarService.delete_file(name=name)  # as a worker would that died after the first time


class WatchedStorage(FileSystemStorage):
    """Remembers whether a transaction was open while it wrote."""

    waited: list[bool] = []

    def save(self, name: Any, content: Any, max_length: int | None = None) -> str:
        self.waited.append(connection.in_atomic_block)
        return super().save(name, content, max_length)


class WatchedUpload(ContentFile):
    def read(self, *args: Any) -> bytes:
        WatchedStorage.waited.append(connection.in_atomic_block)
        return super().read(*args)


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_from_reading_to_storing(settings: Any, tmp_path: Path) -> None:
    """Between the two the picture is decoded, which may take seconds."""
    watched = {**on_disk(tmp_path), "BACKEND": f"{__name__}.WatchedStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": watched}
    WatchedStorage.waited.clear()
    AvatarService.put(user=UserFactory(), upload=WatchedUpload(picture()))
    assert WatchedStorage.waited == [False, False]


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_one_file_is_left(root: Path) -> None:
    user = UserFactory()
    sources = [picture(colour=(shade, 0, 0)) for shade in (10, 60, 110, 160)]
    uploads = [ContentFile(source) for source in sources]
    at_once([partial(AvatarService.put, user=user, upload=upload) for upload in uploads])
    user.refresh_from_db()
    assert files(root) == [user.avatar.name]
