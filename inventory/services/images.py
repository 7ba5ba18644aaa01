"""Writing: an item's pictures."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

import structlog
from django.db import models, transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.utils.translation import gettext as _

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.events import publish
from core.exceptions import ImageRefused, InvalidInput
from core.pictures import normalise, read_upload, stored, thumbnail
from core.reading import get_row
from core.writing import save_changes
from inventory.events import ImageAdded
from inventory.exceptions import DuplicateImage
from inventory.models import Collectible, CollectibleImage
from inventory.selectors import get_images_for_item

if TYPE_CHECKING:
    from django.core.files import File

    from users.models import User

MAX_MEGABYTES = 8
MAX_IMAGES = 30

_log = structlog.get_logger(__name__)


class ImageChanges(TypedDict, total=False):
    alt_text: str
    is_primary: bool


class ImageService:
    @staticmethod
    def lock(*, row: CollectibleImage) -> CollectibleImage:
        """Its item's lock and then its own. Raises `NotFoundError`."""
        _locked_item(row.collectible_id)
        return _locked(row)

    @staticmethod
    def add(
        *,
        collectible: Collectible,
        upload: "File[bytes]",
        by: "User",
        alt_text: str = "",
        is_primary: bool = False,
        checksum: str = "",
    ) -> CollectibleImage:
        """The item's new last picture; its first is the primary one, asked or not.

        `checksum` is the SHA-256 that the upload should have. Raises `ImageRefused`,
        `InvalidInput` when the checksum differs, `DuplicateImage`, and `NotFoundError`.
        """
        data, digest = _read(upload, checksum)
        # Here and not in the worker: whoever sends a damaged picture must hear of it now.
        picture = normalise(data)
        image = CollectibleImage(
            collectible=collectible,
            alt_text=alt_text,
            width=picture.width,
            height=picture.height,
            size=len(picture.data),
            checksum=digest,
            created_by=by,
            updated_by=by,
        )
        with stored(image.file, picture), transaction.atomic():
            _insert(image, is_primary=is_primary, by=by)
        return image

    @staticmethod
    @transaction.atomic
    def update(
        *, image: CollectibleImage, by: "User", **changes: Unpack[ImageChanges]
    ) -> CollectibleImage:
        """A new primary picture takes over from the old one, which cannot just resign."""
        item = _locked_item(image.collectible_id)
        row = _locked(image)
        if row.is_primary and changes.get("is_primary") is False:
            detail = _("An item has one primary picture: make another one primary instead.")
            raise InvalidInput.of("is_primary", detail, "primary_needed")
        if changes.get("is_primary") and not row.is_primary:
            _dethrone(item, by)
        if changed := save_changes(row, changes, by=by):
            _touch(item, by)
            action = f"changed a picture of item “{item.name}”"
            log_audit(
                AuditType.CATALOG, by, action, obj=row, vendor_id=item.vendor_id, **changed.record()
            )
        return row

    @staticmethod
    @transaction.atomic
    def delete(*, image: CollectibleImage, by: "User") -> None:
        """The rest closes ranks, and the next in order is primary if this one was.

        The files stay, since the deletion can be undone.
        """
        item = _locked_item(image.collectible_id)
        row = _locked(image)
        row.delete()
        CollectibleImage.all_objects.filter(pk=row.pk).update(is_primary=False, updated_by=by)
        rest = get_images_for_item(item)
        rest.filter(position__gt=row.position).update(position=F("position") - 1)
        if row.is_primary and (heir := _heir(rest, row.position)):
            rest.filter(pk=heir.pk).update(is_primary=True, updated_by=by)
        _touch(item, by)
        action = f"deleted a picture of item “{item.name}”"
        log_audit(AuditType.CATALOG, by, action, obj=row, vendor_id=item.vendor_id)

    @staticmethod
    @transaction.atomic
    def restore(*, image: CollectibleImage, by: "User") -> None:
        """As if it had just been added: it is the last, and the primary one if there is no other.

        Raises `DuplicateImage`, `ImageRefused` when there are enough, and `NotFoundError`.
        """
        item = _locked_item(image.collectible_id)
        row = get_row(CollectibleImage.all_objects.select_for_update(), image.pk)
        if row.is_deleted:
            _place(row, item, is_primary=False, by=by)
            placed = {"is_primary": row.is_primary, "position": row.position}
            CollectibleImage.all_objects.filter(pk=row.pk).restore(**placed, updated_by=by)
            _touch(item, by)
            action = f"restored a picture of item “{item.name}”"
            log_audit(
                AuditType.CATALOG, by, action, obj=row, vendor_id=item.vendor_id, after=placed
            )

    @staticmethod
    @transaction.atomic
    def reorder(
        *, collectible: Collectible, ids: Sequence[int], by: "User"
    ) -> list[CollectibleImage]:
        """The item's pictures in the order of `ids`, which must name each of them once."""
        item = _locked_item(collectible.pk)
        images = get_images_for_item(item)
        current = [image.pk for image in images]
        if sorted(ids) != sorted(current):
            detail = _("Name each picture of the item once, and no other.")
            raise InvalidInput.of("ids", detail, "not_its_pictures")
        if list(ids) != current:
            places = {image.pk: image.position for image in images}
            moved = {key: place for place, key in enumerate(ids) if places[key] != place}
            whens = [When(pk=key, then=Value(place)) for key, place in moved.items()]
            position = Case(*whens, output_field=models.PositiveSmallIntegerField())
            images.filter(pk__in=moved).update(position=position, updated_by=by)
            _touch(item, by)
            log_audit(
                AuditType.CATALOG,
                by,
                f"put the pictures of item “{item.name}” in order",
                obj=item,
                before={"images": current},
                after={"images": list(ids)},
            )
        return list(images.all())

    @staticmethod
    def make_thumbnail(*, image_id: int) -> None:
        """A picture that has its thumbnail, or is gone, is left as it is."""
        image = CollectibleImage.objects.filter(pk=image_id, thumbnail="").first()
        if image is None:
            return
        try:
            with image.file.open() as original:
                small = thumbnail(original.read())
        except (FileNotFoundError, ImageRefused):
            # The others in the worker's queue must not wait behind a file that was lost.
            _log.exception("thumbnail_impossible", image_id=image_id)
            return
        with stored(image.thumbnail, small) as name, transaction.atomic():
            # Who moves an item's pictures holds the version of the catalog and wants one after the
            # other; this has one of them and wants the version.
            item = Collectible.all_objects.filter(pk=image.collectible_id)
            list(item.select_for_update(of=["self"], no_key=True).values_list("pk"))
            waiting = CollectibleImage.objects.filter(pk=image_id, thumbnail="")
            written = waiting.update(thumbnail=name)
        if not written:  # somebody else was quicker, or deleted the picture
            image.thumbnail.storage.delete(name)


def _read(upload: "File[bytes]", checksum: str) -> tuple[bytes, str]:
    data = read_upload(upload, megabytes=MAX_MEGABYTES)
    digest = hashlib.sha256(data).hexdigest()
    if checksum and checksum.lower() != digest:
        detail = _("What arrived has another SHA-256: it was damaged on the way. Send it again.")
        raise InvalidInput.of("checksum", detail, "checksum_mismatch")
    return data, digest


def _insert(image: CollectibleImage, *, is_primary: bool, by: "User") -> None:
    item = _locked_item(image.collectible_id)
    _place(image, item, is_primary=is_primary, by=by)
    image.save()
    _touch(item, by)
    action = f"added a picture to item “{item.name}”"
    log_audit(
        AuditType.CATALOG, by, action, obj=image, vendor_id=item.vendor_id, after=fields_of(image)
    )
    publish(ImageAdded(image_id=image.pk))


def _place(image: CollectibleImage, item: Collectible, *, is_primary: bool, by: "User") -> None:
    """Among the item's pictures, if they have room for it; nothing of it is written."""
    others = list(get_images_for_item(item))
    if twin := next((other for other in others if other.checksum == image.checksum), None):
        raise DuplicateImage(twin.pk)
    if len(others) >= MAX_IMAGES:
        text = _("The item has %(most)s pictures, which is the most that is accepted.")
        raise ImageRefused(text % {"most": MAX_IMAGES})
    primary = any(other.is_primary for other in others)
    if is_primary and primary:
        _dethrone(item, by)
    image.is_primary = is_primary or not primary
    image.position = others[-1].position + 1 if others else 0


def _locked_item(item_id: int) -> Collectible:
    """One at a time changes an item's pictures: of two new primaries, the second sees the first.

    Always the item before its pictures: the other way round, two could wait for each other.
    """
    rows = Collectible.objects.select_for_update(of=["self"], no_key=True).only("name", "vendor_id")
    return get_row(rows, item_id)


def _locked(image: CollectibleImage) -> CollectibleImage:
    return get_row(CollectibleImage.objects.select_for_update(), image.pk)


def _dethrone(item: Collectible, by: "User") -> None:
    get_images_for_item(item).filter(is_primary=True).update(is_primary=False, updated_by=by)


def _heir(rest: QuerySet[CollectibleImage], position: int) -> CollectibleImage | None:
    return rest.filter(position__gte=position).first() or rest.first()


def _touch(item: Collectible, by: "User") -> None:
    """An item whose pictures changed has changed: version, time and author move."""
    Collectible.objects.filter(pk=item.pk).update(updated_by=by)
