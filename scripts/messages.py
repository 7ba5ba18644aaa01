"""`make messages`: what the code tells people, collected into locale/ and compiled there.

Nothing is guessed from messages that look alike: what is new has no translation until somebody
writes one, and what the code tells no longer is forgotten.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
APPS = [
    "core",
    "vendors",
    "users",
    "inventory",
    "sales",
    "notifications",
    "dashboard",
    "omni_stock",
]
KEYWORDS = {**DEFAULT_KEYWORDS, "gettext_lazy": None, "ngettext_lazy": (1, 2)}


def extracted() -> Catalog:
    """Every message of the code and of the texts we send, with the files that tell it."""
    found = Catalog(fuzzy=False)
    for path in sorted(path for app in APPS for path in (ROOT / app).rglob("*.*")):
        if path.suffix in {".py", ".txt"}:
            file = BytesIO(_code_of(path).encode())
            place = (str(path.relative_to(ROOT)), 0)
            for _line, message, _comments, context in extract("python", file, KEYWORDS):
                found.add(message, locations=[place], context=context)
    return found


def _code_of(path: Path) -> str:
    """A template as the calls it makes."""
    text = path.read_text(encoding="utf-8")
    return text if path.suffix == ".py" else templatize(text)


def read(source: Path) -> Catalog:
    with source.open("rb") as file:
        return read_po(file)


def unfinished(catalog: Catalog) -> list[str]:
    """What still wants a translation, or has one whose placeholders are others."""
    wrong = {message.id for message, _errors in catalog.check()}
    return [
        str(message.id)
        for message in catalog
        if message.id
        and (message.fuzzy or message.id in wrong or not all([*_texts(message.string)]))
    ]


def _texts(string: object) -> tuple[object, ...]:
    return string if isinstance(string, tuple) else (string,)


def update(source: Path, found: Catalog) -> Catalog:
    """Write the .po as the code has it now, and the .mo beside it."""
    catalog = read(source)
    found.creation_date = catalog.creation_date  # what did not change is written as it was
    catalog.update(found, no_fuzzy_matching=True)
    with source.open("wb") as file:
        write_po(file, catalog, width=100, sort_by_file=True, ignore_obsolete=True,
                 include_lineno=False)  # fmt: skip
    with source.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)
    return catalog


def main() -> None:
    left = 0
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        for text in unfinished(update(source, extracted())):
            print(f"{source.relative_to(ROOT)}: translate {text!r}")
            left += 1
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
