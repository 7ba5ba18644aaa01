"""Bytes in, bytes out: no database, no storage. The builders at the top serve the other modules."""

import struct
import zlib
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from core.exceptions import ImageRefused
from core.pictures import normalise, square, thumbnail
from tests.races import at_once

KINDS = ["JPEG", "PNG", "WEBP"]
RED, GREEN = (255, 0, 0), (0, 255, 0)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    output = BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), colour: Any = RED) -> bytes:
    return encoded(Image.new("RGB", size, colour), kind)


def noise(kind: str = "JPEG", **options: Any) -> bytes:
    return encoded(Image.effect_noise((90, 60), 80).convert("RGB"), kind, **options)


def black_png(width: int, height: int) -> bytes:
    """One bit a pixel, all zero: 169 megapixels in 20 KB, and never as a whole in memory."""
    row, squeeze = bytes(1 + (width + 7) // 8), zlib.compressobj(9)
    pixels = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND")


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def reason(data: bytes) -> str:
    with pytest.raises(ImageRefused) as refusal:
        normalise(data)
    assert [error.field for error in refusal.value.errors] == ["file"]
    return str(refusal.value.detail)


@pytest.mark.parametrize("kind", KINDS)
def test_picture_keeps_its_format_and_size(kind: str) -> None:
    ours = normalise(picture(kind))
    assert (ours.kind, ours.width, ours.height) == (kind.lower(), 60, 40)
    assert (opened(ours.data).format, opened(ours.data).size) == (kind, (60, 40))


@pytest.mark.parametrize("kind", KINDS)
def test_large_picture_is_scaled_down_to_4096_pixels_on_its_longer_side(kind: str) -> None:
    ours = normalise(picture(kind, (200, 8192)))
    assert (ours.width, ours.height) == opened(ours.data).size == (100, 4096)


def test_line_of_pixels_does_not_vanish_when_scaled_down() -> None:
    assert normalise(picture("JPEG", (20_000, 1))).height == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_picture_is_turned_upright(kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (64, 32), GREEN)
    upright.paste(RED, (0, 0, 32, 16))
    # The inverse of what a viewer does: orientations 6 and 8 undo each other, the rest themselves.
    stored = {
        1: lambda image: image,
        2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
        4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
        6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
        7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
        8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    ours = normalise(encoded(stored, kind, exif=exif))
    image = opened(ours.data)
    assert (ours.width, ours.height) == image.size == (64, 32)
    assert [_name(image.getpixel(place)) for place in ((8, 6), (56, 6), (8, 26))] == [
        "red", "green", "green",
    ]  # fmt: skip


def _name(pixel: Any) -> str:
    return "red" if pixel[0] > pixel[1] else "green"


@pytest.mark.parametrize("kind", KINDS)
def test_place_camera_comments_and_profile_are_gone(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    options: dict[str, Any] = {"exif": exif, "icc_profile": SRGB, "xmp": b"<SecretXmp/>"}
    if kind == "JPEG":
        options["comment"] = b"SecretComment"
    source = noise(kind, **options)
    assert b"SecretCamera" in source
    ours = normalise(source).data
    assert b"Secret" not in ours
    assert not set(opened(ours).info) & {"exif", "icc_profile", "xmp", "comment"}
    assert not opened(ours).getexif()


def test_texts_in_a_png_are_gone() -> None:
    png = picture("PNG")
    assert b"Secret" not in normalise(png[:33] + chunk(b"tEXt", b"Secret\0x") + png[33:]).data


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stowaway", [b"PK\x03\x04 archive", b"<script>alert(1)</script>", SVG])
def test_what_hides_behind_a_picture_is_left_behind(kind: str, stowaway: bytes) -> None:
    assert stowaway not in normalise(noise(kind) + stowaway).data


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_unreadable_exif_does_not_make_a_picture_unreadable() -> None:
    assert normalise(noise(exif=b"Exif\0\0II*\0" + b"\xff" * 40)).width == 90


def test_colours_of_another_profile_become_srgb() -> None:
    swapped = SRGB.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")
    source = encoded(Image.new("RGB", (20, 20), RED), "PNG", icc_profile=swapped)
    assert _name(opened(normalise(source).data).getpixel((5, 5))) == "green"


@pytest.mark.parametrize("profile", [b"rubbish", SRGB[:200], b"\0" * 200])
def test_broken_profile_is_taken_for_srgb(profile: bytes) -> None:
    source = encoded(Image.new("RGB", (20, 20), RED), "PNG", icc_profile=profile)
    assert opened(normalise(source).data).getpixel((5, 5)) == RED


@pytest.mark.parametrize("options", [{}, {"icc_profile": SRGB}])
def test_cmyk_jpeg_becomes_rgb(options: dict[str, Any]) -> None:
    source = encoded(Image.new("CMYK", (20, 20), (255, 0, 0, 0)), "JPEG", **options)
    ours = opened(normalise(source).data)
    assert ours.mode == "RGB"
    assert ours.getpixel((5, 5)) == pytest.approx((0, 255, 255), abs=4)


def test_transparent_colour_of_a_palette_stays_transparent() -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([*RED, *GREEN])
    image.paste(0, (0, 0, 10, 20))
    ours = opened(normalise(encoded(image, "PNG", transparency=1)).data)
    assert (ours.mode, ours.getpixel((5, 5)), ours.getpixel((15, 5))[3]) == ("RGBA", (*RED, 255), 0)


@pytest.mark.parametrize(
    ("mode", "transparency", "expected"),
    [
        ("1", None, "L"),
        ("L", None, "L"),
        ("L", 7, "LA"),
        ("LA", None, "LA"),
        ("P", None, "RGB"),
        ("RGB", (1, 2, 3), "RGBA"),
        ("RGBA", None, "RGBA"),
        ("I;16", None, "L"),
        ("I;16", 7, "L"),
    ],
)
def test_every_kind_of_png_is_understood(mode: str, transparency: Any, expected: str) -> None:
    options = {} if transparency is None else {"transparency": transparency}
    source = encoded(Image.new(mode, (20, 20)), "PNG", **options)
    assert opened(normalise(source).data).mode == expected


def test_16_bits_become_8_and_are_not_cut_off() -> None:
    source = encoded(Image.new("I;16", (20, 20), 32_768), "PNG")
    assert opened(normalise(source).data).getpixel((5, 5)) == 128


def test_first_of_several_pictures_in_a_telephones_jpeg_counts() -> None:
    first, second = Image.new("RGB", (60, 40), RED), Image.new("RGB", (60, 40), GREEN)
    ours = normalise(encoded(first, "MPO", save_all=True, append_images=[second]))
    assert (ours.kind, _name(opened(ours.data).getpixel((5, 5)))) == ("jpeg", "red")


def test_forty_megapixels_are_accepted() -> None:
    ours = normalise(black_png(8000, 5000))
    assert (ours.width, ours.height) == (4096, 2560)


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(8001, 5000), (13_000, 13_000), (20_000, 20_000)])
def test_more_than_forty_megapixels_are_refused(size: tuple[int, int]) -> None:
    assert reason(black_png(*size)) == (
        "The picture has more than 40 megapixels, which is the most that is accepted."
    )


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [7000, 13_000, 60_000])
def test_size_is_judged_by_the_header_before_a_pixel_is_read(side: int) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
    broken = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"no pixels at all") + chunk(b"IEND")
    assert "megapixels" in reason(broken)


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [7000, 13_000, 16_383])
def test_webp_with_a_small_picture_on_a_vast_canvas_is_refused(side: int) -> None:
    webp = encoded(
        Image.new("RGB", (10, 10)),
        "WEBP",
        save_all=True,
        append_images=[Image.new("RGB", (10, 10), RED)],
    )
    place = webp.index(b"VP8X") + 12
    canvas = struct.pack("<I", side - 1)[:3] * 2
    assert "megapixels" in reason(webp[:place] + canvas + webp[place + 6 :])


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animation_is_refused(kind: str) -> None:
    frames = [Image.new("RGB", (60, 40), (shade, 0, 0)) for shade in (0, 120, 255)]
    source = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert reason(source) == "Animated pictures are not accepted: send a single picture."


def _with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: each costs 90 bytes and a walk over all."""
    source = encoded(Image.new("L", (800, 500), 128), "JPEG", progressive=True)
    last = source[source.rindex(b"\xff\xc4") : -2]
    # A comment that looks like the end must not end the counting.
    comment = b"\xff\xfe\x00\x06\xff\xd9\xff\xd9"
    return source[:-2] + comment + last * (count - source.count(b"\xff\xda")) + source[-2:]


def test_jpeg_of_more_scans_than_anyone_needs_is_refused() -> None:
    assert normalise(_with_scans(100)).width == 800
    assert reason(_with_scans(101)) == "The JPEG is built of too many scans."


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"just text",
        SVG,
        b"<!DOCTYPE html><script>alert(1)</script>" + picture(),
        b"GIF89a" + picture(),
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        picture("ICO"),
        b"\xff\xd8\xff",
        b"RIFF\x04\x00\x00\x00WEBP",
        b"%PDF-1.7 " + picture("PNG"),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_anything_else_is_refused(data: bytes) -> None:
    assert reason(data) == "This is not a JPEG, PNG or WebP picture."


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated_picture_is_refused(kind: str, share: float) -> None:
    source = noise(kind)
    assert reason(source[: int(len(source) * share)]) in {
        "The picture is damaged and cannot be read to its end.",
        "This is not a JPEG, PNG or WebP picture.",  # a WebP says in its header how long it is
    }


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(KINDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8)
)
def test_damage_anywhere_leads_to_a_picture_or_a_refusal(
    kind: str, damage: list[tuple[float, int]]
) -> None:
    data = bytearray(picture(kind))
    for place, value in damage:
        data[int(place * (len(data) - 1))] = value
    with suppress(ImageRefused):
        assert opened(normalise(bytes(data)).data).format == kind


@pytest.mark.parametrize("kind", KINDS)
def test_thumbnail_is_a_webp_of_400_pixels(kind: str) -> None:
    small = thumbnail(picture(kind, (1000, 2000)))
    assert (small.kind, small.width, small.height) == ("webp", 200, 400)
    assert (opened(small.data).format, opened(small.data).size) == ("WEBP", (200, 400))


def test_thumbnail_of_a_small_picture_is_not_blown_up() -> None:
    assert (thumbnail(picture()).width, thumbnail(picture()).height) == (60, 40)


def test_thumbnail_is_transparent_where_the_picture_is() -> None:
    small = thumbnail(encoded(Image.new("RGBA", (1000, 500), (0, 0, 0, 0)), "PNG"))
    assert opened(small.data).getpixel((9, 9))[3] == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1000, 2000), (2000, 1000), (257, 4000), (300, 300)])
def test_square_is_a_webp_of_the_middle(kind: str, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, GREEN)
    side = min(size)
    place = tuple((length - side) // 2 for length in size)
    image.paste(RED, (*place, place[0] + side, place[1] + side))
    small = square(encoded(image, kind), 256)
    assert (small.kind, small.width, small.height) == ("webp", 256, 256)
    assert opened(small.data).format == "WEBP"
    corners = [opened(small.data).getpixel(at) for at in ((9, 9), (246, 9), (9, 246), (246, 246))]
    assert {_name(pixel) for pixel in corners} == {"red"}


@pytest.mark.parametrize(("size", "side"), [((60, 40), 40), ((1, 900), 1), ((20_000, 1), 1)])
def test_square_of_a_small_picture_is_not_blown_up(size: tuple[int, int], side: int) -> None:
    small = square(picture("PNG", size), 256)
    assert (small.width, small.height) == (side, side)


def test_threads_take_turns_and_all_get_their_picture() -> None:
    ours = at_once([partial(normalise, picture(kind)) for kind in KINDS * 4])
    assert [one.kind.upper() for one in ours] == KINDS * 4
