"""Pictures as bytes: what strangers send becomes a plain picture of ours, or is refused."""

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from core.exceptions import ImageRefused

if TYPE_CHECKING:
    from django.core.files import File
    from django.core.files.storage import Storage
    from django.db.models.fields.files import FieldFile

MAX_PIXELS = 40_000_000
MAX_SIDE = 4096
THUMBNAIL_SIDE = 400
MAX_SCANS = 100

_SAVED_AS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 88, "progressive": True},
    "PNG": {"compress_level": 6},  # 9 saves a hundredth, and takes 40 s over some pictures
    "WEBP": {"quality": 85},
}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_SCAN, _END = b"\xda", b"\xd9"
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")

# Forty megapixels take up to 600 MB: the threads of a process take turns.
_one_at_a_time = threading.Lock()
# Once and for the process: `warnings.catch_warnings` is not safe between threads.
warnings.simplefilter("error", Image.DecompressionBombWarning)
# What was stored in `taking_files_back`.
_files: ContextVar["list[tuple[Storage, str]] | None"] = ContextVar("files", default=None)


@dataclass(frozen=True)
class Picture:
    """An encoded picture; `kind` is `jpeg`, `png` or `webp`."""

    data: bytes
    kind: str
    width: int
    height: int


def read_upload(upload: "File[bytes]", *, megabytes: int) -> bytes:
    """What was sent, not looked into yet. Raises `ImageRefused` for nothing, and for too much."""
    most = megabytes * 1024**2
    data = upload.read(most + 1)
    if not data:
        raise ImageRefused(_("The file is empty: send a JPEG, PNG or WebP picture."))
    if len(data) > most:
        text = _("The picture is larger than %(most)s MB, which is the most that is accepted.")
        raise ImageRefused(text % {"most": megabytes})
    return data


def normalise(data: bytes) -> Picture:
    """The picture in its own format: upright, sRGB, at most 4096 px a side, without metadata.

    What follows the picture in the file (an archive, a script, a film) is left behind with the
    metadata. Raises `ImageRefused`.
    """
    with _one_at_a_time:
        image = _opened(data)
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        return _encoded(_fitted(image, MAX_SIDE), kind)


def thumbnail(data: bytes) -> Picture:
    """A WebP of at most 400 px a side; a smaller picture keeps its size."""
    with _one_at_a_time:
        return _encoded(_fitted(_opened(data), THUMBNAIL_SIDE), "WEBP")


def square(data: bytes, side: int) -> Picture:
    """The middle of the picture as a WebP of `side` px a side; a smaller picture keeps its size."""
    with _one_at_a_time:
        image = _opened(data)
        shorter, longer = sorted(image.size)
        image = _fitted(image, max(side, -(-longer * side // shorter)))
        fits = min(side, shorter)
        return _encoded(ImageOps.fit(image, (fits, fits)), "WEBP")


@contextmanager
def stored(target: "FieldFile", picture: Picture) -> Iterator[str]:
    """Write the picture before the block, so that no lock waits for a storage; gives its name.

    When the block fails, the file is taken away again; so it is when a transaction around it does,
    if that is `taking_files_back`.
    """
    filename, media_type = f"picture.{picture.kind}", f"image/{picture.kind}"
    path = target.field.generate_filename(target.instance, filename)
    content = SimpleUploadedFile(filename, picture.data, media_type)
    # Not `target.save`: it would read the file back, to measure what is known already.
    name = target.storage.save(path, content, max_length=target.field.max_length)
    target.name = name
    try:
        yield name
    except BaseException:
        target.storage.delete(name)
        raise
    if (files := _files.get()) is not None:
        files.append((target.storage, name))


@contextmanager
def taking_files_back() -> Iterator[None]:
    """What was `stored` in the block goes when the block fails, or its transaction is to."""
    files: list[tuple[Storage, str]] = []
    token = _files.set(files)
    failed = True
    try:
        yield
        failed = transaction.get_rollback()
    finally:
        _files.reset(token)
        if failed:
            for storage, name in files:
                storage.delete(name)


def _opened(data: bytes) -> Image.Image:
    """From the header alone: no pixel is decoded yet."""
    with _refusing_damage():
        try:
            image = Image.open(BytesIO(data), formats=list(_SAVED_AS))
        except UnidentifiedImageError as error:
            raise ImageRefused(_("This is not a JPEG, PNG or WebP picture.")) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels() from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    # An MPO, as telephones make it, is a JPEG with more pictures behind it: no animation.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise ImageRefused(_("Animated pictures are not accepted: send a single picture."))
    if image.format in {"JPEG", "MPO"}:
        _refuse_too_many_scans(data)
    return image


def _refuse_too_many_scans(data: bytes) -> None:
    """A progressive JPEG has about ten; with 90,000 empty ones it would be decoded for an hour."""
    scans, position = 0, 2
    while (found := _MARKER.search(data, position)) and found[1] != _END:
        scans += found[1] == _SCAN
        if scans > MAX_SCANS:
            raise ImageRefused(_("The JPEG is built of too many scans."))
        start = found.end()
        position = start + int.from_bytes(data[start : start + 2], "big")


def _too_many_pixels() -> ImageRefused:
    text = _("The picture has more than %(most)s megapixels, which is the most that is accepted.")
    return ImageRefused(text % {"most": MAX_PIXELS // 1_000_000})


@contextmanager
def _refusing_damage() -> Iterator[None]:
    try:
        yield
    except (ImageRefused, MemoryError):
        raise
    except Exception as error:
        # Decoders of damaged files raise whatever they stumble over, not only OSError.
        raise ImageRefused(_("The picture is damaged and cannot be read to its end.")) from error


def _fitted(image: Image.Image, side: int) -> Image.Image:
    width, height = image.size
    if (longest := max(width, height)) > side:
        # A JPEG decodes to a half, a quarter or an eighth at once, and never fills the memory.
        image.draft(None, (max(width * side // longest, 1), max(height * side // longest, 1)))
    with _refusing_damage():
        image.load()
    turn, profile = _turn(image), image.info.get("icc_profile")
    if image.mode != "CMYK":  # which needs its profile to become RGB
        image = _plain(image)
    image.thumbnail((side, side))
    image = _plain(_in_srgb(image, profile))
    return image.transpose(turn) if turn is not None else image


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How the camera was held; unreadable EXIF does not make a picture unreadable."""
    with suppress(Exception):
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return None


def _plain(image: Image.Image) -> Image.Image:
    """Grey or RGB of 8 bits, with alpha where something is transparent."""
    if image.mode == "I;16":
        image = image.point(lambda value: value / 256).convert("L")
        image.info.pop("transparency", None)
    mode = "L" if image.mode in {"1", "L", "LA"} else "RGB"
    mode += "A" if image.has_transparency_data else ""
    return image if image.mode == mode else image.convert(mode)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In the colours that every screen understands, so that the profile need not be kept."""
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK"}:
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    # A broken profile says nothing: the colours are then taken for sRGB.
    with suppress(OSError, ImageCms.PyCMSError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode=mode) or image
    return image


def _encoded(image: Image.Image, kind: str) -> Picture:
    image.info.clear()  # Pillow would write comments and profiles from here
    output = BytesIO()
    image.save(output, kind, **_SAVED_AS[kind])
    return Picture(output.getvalue(), kind.lower(), image.width, image.height)
