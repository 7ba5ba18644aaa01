"""The zip around an XLSX and the XML in it, read so that neither can fill the memory.

openpyxl keeps every element of a part, and the whole of a row, before it hands out anything: 19 MB
of empty cells, 23 KB in the zip, took 1.5 GB. Here parts are parsed as a stream, and what a target
does not remember is forgotten.
"""

import errno
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from defusedxml.ElementTree import ParseError, XMLParser
from django.utils.translation import gettext as _

from core.tabular.table import Limits, TableRefused

_CHUNK = 8 * 1024
_DIRECTORY_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1
_HARMLESS = 10 * 2**20
# Far above what any program writes, far below what hurts.
_MAX_DEPTH = 64
_MAX_NAMES = 5_000
_MAX_TAG = 2**20


class Target:
    """Receives the elements of a part by their local names; what it need not know it ignores."""

    def __init__(self) -> None:
        self._depth = 0
        self._names: dict[str, str] = {}

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def closed(self, name: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """A piece of the text at this place."""

    def start_ns(self, prefix: str, _uri: str) -> None:
        self._local(f"xmlns:{prefix}")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError("deeper than a workbook nests")
        for attribute in attributes:
            self._local(attribute)
        self.opened(self._local(tag), attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self.closed(self._local(tag))

    def _local(self, name: str) -> str:
        local = self._names.get(name)
        if local is None:
            # The parser, too, keeps every distinct name for as long as it lives.
            if len(self._names) == _MAX_NAMES:
                raise ValueError("more names than a workbook has")
            local = self._names[name] = name.rpartition("}")[2]
        return local


class Archive:
    """The parts of a zip, checked before the first of them is inflated."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._limits = limits
        if _directory_entries(file) > limits.max_members:
            raise TableRefused(too_big())
        with damage_refused():
            self._zip = zipfile.ZipFile(file)
        try:
            self._check()
        except TableRefused:
            self._zip.close()
            raise
        # Programs disagree on the case of names and on which way the slashes lean.
        self._parts = {_plain_name(info.filename).lower(): info for info in self._zip.infolist()}

    def close(self) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def feed(self, name: str, target: Target) -> Iterator[None]:
        """Parse one part into `target`, yielding after each piece so that it can be emptied.

        What is wrong with zip or XML raises whatever it raises: callers use `damage_refused`.
        """
        info = self._parts[name.lower()]
        if _too_dense(info.file_size, info.compress_size, self._limits):
            raise TableRefused(too_big())
        # No DTD, hence no entities: the format forbids them, and they are how XML bombs are made.
        parser = XMLParser(target=target, forbid_dtd=True)
        fed = 0
        # Read in pieces a member never inflates to more than it declares, even where it lies.
        with self._zip.open(info) as part:
            while piece := part.read(_CHUNK):
                parser.feed(piece)
                fed += len(piece)
                if fed - parser.parser.CurrentByteIndex > _MAX_TAG:
                    # The parser starts over with every piece until it has seen the tag's end.
                    raise ValueError("a tag that does not end")
                yield
        parser.close()

    def _check(self) -> None:
        members = self._zip.infolist()
        inflated = sum(info.file_size for info in members)
        packed = sum(info.compress_size for info in members)
        if (
            len(members) > self._limits.max_members
            or inflated > self._limits.max_inflated
            or _too_dense(inflated, packed, self._limits)
        ):
            raise TableRefused(too_big())
        for info in members:
            if info.flag_bits & _ENCRYPTED:
                raise TableRefused(_("The file is protected by a password: save it without one."))
            if _leads_outside(info.filename) or info.compress_type not in {
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            }:
                raise TableRefused(_damaged())


@contextmanager
def damage_refused() -> Iterator[None]:
    """Whatever zip, XML or a nonsensical number in it raise becomes `TableRefused`."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ParseError,
        ValueError,
        ArithmeticError,
        LookupError,
        NotImplementedError,
    ) as error:
        raise TableRefused(_damaged()) from error
    except OSError as error:
        # A zip that points before its own beginning; any other is the storage's failure.
        if error.errno != errno.EINVAL:
            raise
        raise TableRefused(_damaged()) from error


def _directory_entries(file: BinaryIO) -> int:
    # `ZipFile` builds an object for every entry before one can ask how many there are, and the
    # number written in the file need not be true.
    file.seek(0)
    count, tail = 0, b""
    while chunk := file.read(_CHUNK):
        piece = tail + chunk
        count += piece.count(_DIRECTORY_ENTRY)
        tail = piece[-(len(_DIRECTORY_ENTRY) - 1) :]
    return count


def _plain_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")


def _leads_outside(name: str) -> bool:
    return ".." in _plain_name(name).split("/")


def _too_dense(inflated: int, packed: int, limits: Limits) -> bool:
    # The same long description in every row packs as well as a bomb does, only that it is small.
    return inflated > max(_HARMLESS, limits.max_ratio * packed)


def too_big() -> str:
    """The sentence for a file that is small only as long as it is packed."""
    return _("The file is too big once it is unpacked. Divide it, or save it as CSV.")


def _damaged() -> str:
    return _("The file is damaged or is not an Excel workbook: save it as .xlsx again, or as CSV.")
