"""What a body says of itself, checked and undone: its digest (RFC 9530), its compression.

Everything here is piece by piece: no body is ever in memory as a whole.
"""

import hashlib
import zlib
from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import IO

from django.utils.translation import gettext_lazy as _

from core.exceptions import AppException

PIECE = 64 * 1024
_ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_GZIP = 16 + zlib.MAX_WBITS


class UnreadableBody(AppException):
    """400. The line broke, or what came is no HTTP."""

    code = "bad_request"
    detail = _("The request is not valid HTTP.")


class DigestMismatch(AppException):
    """400. The body is not the one that was sent."""

    code = "digest_mismatch"
    detail = _("The body does not have the digest that Content-Digest tells.")


class NotGzip(AppException):
    """400. Cut off, damaged, or something else from the beginning."""

    code = "parse_error"
    detail = _("The body is not the gzip that Content-Encoding tells.")


class UnknownEncoding(AppException):
    """415. Compressed as we do not read it."""

    status = 415
    code = "unsupported_media_type"
    detail = _("The body may be compressed by gzip, once, and in no other way.")


class BodyTooLarge(AppException):
    """413. As it came, or as it is when it is unpacked."""

    status = 413
    code = "request_too_large"
    detail = _("Request too large")


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """The stream to its end; raises `UnreadableBody` where a server raises what it likes."""
    while True:
        try:
            piece = stream.read(PIECE)
        except Exception as error:
            raise UnreadableBody from error
        if not piece:
            return
        yield piece


class Digests:
    """The digests that a `Content-Digest` header tells, of the algorithms we know."""

    def __init__(self, header: str) -> None:
        told = (member.strip().partition("=") for member in header.split(","))
        self.told = {name: value for name, _equals, value in told if name in _ALGORITHMS}
        self._made = {name: _ALGORITHMS[name]() for name in self.told}

    def watch(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces, looked at as they pass."""
        for piece in body:
            for made in self._made.values():
                made.update(piece)
            yield piece

    def verify(self) -> None:
        """Raises `DigestMismatch` unless all are those of what has passed."""
        if any(_decoded(told) != self._made[name].digest() for name, told in self.told.items()):
            raise DigestMismatch


def _decoded(value: str) -> bytes:
    """`:base64:`, a byte sequence of RFC 9651; empty when it is none, which no digest is."""
    text = value.partition(";")[0].strip()
    if len(text) < 2 or not (text[0] == text[-1] == ":"):
        return b""
    try:
        return b64decode(text[1:-1], validate=True)
    except ValueError:
        return b""


def limited(body: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The same pieces; raises `BodyTooLarge` before the one that would be too much."""
    size = 0
    for piece in body:
        size += len(piece)
        if size > most:
            raise BodyTooLarge
        yield piece


def unpacked(body: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The content of a body in this `Content-Encoding`."""
    names = [name.strip() for name in encoding.lower().split(",")]
    names = [name for name in names if name not in {"", "identity"}]
    if names not in ([], ["gzip"], ["x-gzip"]):
        raise UnknownEncoding
    return _gunzipped(body) if names else body


def _gunzipped(body: Iterable[bytes]) -> Iterator[bytes]:
    """One member, as everybody writes it; more after its end is taken for damage."""
    inflater, begun = zlib.decompressobj(_GZIP), False
    for piece in body:
        begun, rest = True, piece
        while rest:
            if inflater.eof:
                raise NotGzip
            try:
                yield inflater.decompress(rest, PIECE)
            except zlib.error as error:
                raise NotGzip from error
            rest = inflater.unconsumed_tail or inflater.unused_data
    if begun and not inflater.eof:
        raise NotGzip
