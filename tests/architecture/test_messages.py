"""What people are told can be told in German: every sentence is marked, and translated."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from rest_framework.exceptions import APIException

from core.exceptions import AppException
from core.titles import TITLES
from scripts import messages
from tests.architecture.test_house import ROOT, modules, tree, where
from tests.core.test_error_reference import codes_of_our_own, subclasses

SOURCES = sorted(messages.LOCALE.glob("*/LC_MESSAGES/django.po"))
MARKS = {"_", "gettext", "gettext_lazy", "ngettext"}
TELLING = {"ValidationError", "ErrorDetail", "ParseError", "FieldError", "of", "problem",
           "problem_response"}  # fmt: skip
TOLD_AS = {"detail", "text", "fault", "error_messages"}
# These speak English to those who run or describe Omni-Stock.
ELSEWHERE = {"admin.py", "forms.py", "management", "settings", "openapi.py"}


def texts_of(catalog: Catalog) -> dict[object, object]:
    """By message; of one with a plural form, by both."""
    return {_plain(message.id): _plain(message.string) for message in catalog if message.id}


def _plain(text: object) -> object:
    return tuple(text) if isinstance(text, list) else text


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parts[-3])
class TestCatalogue:
    """`make messages` and a translation are all that a new message needs."""

    def test_has_what_the_code_tells_and_no_more(self, source: Path) -> None:
        assert set(texts_of(messages.extracted())) == set(texts_of(messages.read(source)))

    def test_is_translated_to_the_last_message(self, source: Path) -> None:
        catalog = messages.read(source)
        assert len(catalog) > 100
        assert not catalog.obsolete
        assert messages.unfinished(catalog) == []

    def test_compiled_one_is_that_one(self, source: Path) -> None:
        with source.with_suffix(".mo").open("rb") as file:
            assert texts_of(read_mo(file)) == texts_of(messages.read(source))

    def test_is_written_again_as_it_is(self, source: Path, tmp_path: Path) -> None:
        copy = Path(shutil.copy(source, tmp_path))
        messages.update(copy, messages.extracted())
        assert copy.read_text() == source.read_text()


def test_there_is_a_second_language() -> None:
    assert [source.parts[-3] for source in SOURCES] == ["de"]


class TestUnfinished:
    @pytest.mark.parametrize(
        ("text", "translation", "flags"),
        [
            ("Gone.", "", []),
            ("Gone.", "Weg.", ["fuzzy"]),
            ("At most %(count)s.", "Höchstens %(zahl)s.", ["python-format"]),
            (("%(count)d row", "%(count)d rows"), ("%(count)d Zeile", ""), ["python-format"]),
        ],
    )  # fmt: skip
    def test_is_what_a_reader_would_miss(
        self, text: str | tuple[str, str], translation: str | tuple[str, str], flags: list[str]
    ) -> None:
        catalog = Catalog("de")
        catalog.add(text, translation, flags=flags)
        assert messages.unfinished(catalog) == [str(text)]

    def test_is_what_is_new(self, tmp_path: Path) -> None:
        copy = Path(shutil.copy(SOURCES[0], tmp_path))
        found = messages.extracted()
        found.add("The shelf is full.")
        assert messages.unfinished(messages.update(copy, found)) == ["The shelf is full."]


def sentences(node: ast.AST) -> Iterator[ast.AST]:
    """Words with a blank that stand there unmarked; codes and names of fields have none."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in MARKS:
        return
    text = node.value if isinstance(node, ast.Constant) else None
    if isinstance(text, str) and " " in text and any(char.isalpha() for char in text):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from sentences(child)


def told(node: ast.AST, telling: set[str]) -> list[ast.expr]:
    """What this piece of code tells somebody."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in telling:
            return [*node.args, *(keyword.value for keyword in node.keywords)]
        case ast.keyword(arg=name, value=value) if name in TOLD_AS:
            return [value]
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in TOLD_AS:
            return [value]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in TOLD_AS:
            return [value]
    return []


def unmarked(path: Path) -> list[str]:
    telling = TELLING | {kind.__name__ for kind in subclasses(AppException)}
    return sorted(
        {
            where(path, sentence)
            for node in ast.walk(tree(path))
            for value in told(node, telling)
            for sentence in sentences(value)
        }
    )


class TestMarks:
    def test_nobody_is_told_a_sentence_that_is_not_marked(self) -> None:
        assert codes_of_our_own()  # and so every module is there
        files = [f for f in modules(*messages.APPS) if not ELSEWHERE & {*f.relative_to(ROOT).parts}]
        assert len(files) > 100
        assert [fault for path in files for fault in unmarked(path)] == []

    @pytest.mark.parametrize(
        ("code", "faults"),
        [
            ('raise ValidationError("Not so.", "invalid")', 1),
            ('raise ValidationError({"name": f"At most {most} of it."})', 1),
            ('raise InvalidInput.of("sku", "Taken already.")', 1),
            ('FieldError("sku", "taken", "Taken " + sku)', 1),
            ('text = "None of it."', 1),
            ('class Full(ConflictError):\n    detail: str = "It is full."', 1),
            ('CharField(error_messages={"required": "Say it."})', 1),
            ('raise ValidationError(_("Not so."), "invalid")', 0),
            ('detail = _("At most %(most)s.") % {"most": 3}', 0),
            ('raise ValueError("Nobody reads this.")', 0),
        ],
    )  # fmt: skip
    def test_rule_finds_one(
        self, code: str, faults: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "views.py"
        path.write_text(code)
        monkeypatch.setattr("tests.architecture.test_house.ROOT", tmp_path)
        assert len(unmarked(path)) == faults

    def test_a_mark_stands_around_a_literal(self) -> None:
        """Nothing else is found by `make messages`."""
        calls = [
            (where(path, node), node.args[0])
            for path in modules(*messages.APPS)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in MARKS
        ]
        assert len(calls) > 100
        assert [place for place, text in calls if not isinstance(text, ast.Constant)] == []


def unmarked_words(template: str) -> str:
    """What a template says whatever the language is."""
    inside = r"{% blocktranslate.*?{% endblocktranslate %}"
    return re.sub(r"{%.*?%}|{{.*?}}", "", re.sub(inside, "", template, flags=re.DOTALL)).strip()


class TestTemplates:
    def test_no_mail_says_what_is_not_marked(self) -> None:
        found = [path for app in messages.APPS for path in (ROOT / app).rglob("*.txt")]
        assert len(found) > 8
        assert [path for path in found if unmarked_words(path.read_text(encoding="utf-8"))] == []

    def test_rule_finds_a_word(self) -> None:
        marked = "{% blocktranslate trimmed %}Dear {{ name }}{% endblocktranslate %} {{ link }}"
        assert (unmarked_words(marked), unmarked_words(f"{marked} Bye")) == ("", "Bye")


def test_every_status_has_a_title() -> None:
    assert codes_of_our_own()
    statuses = {kind.status for kind in subclasses(AppException)}
    theirs = [kind for kind in subclasses(APIException) if kind.__module__.startswith("rest_")]
    statuses |= {kind.status_code for kind in theirs}
    assert {400, 409, 412, 415, 422, 428, 429} < statuses <= set(TITLES)
