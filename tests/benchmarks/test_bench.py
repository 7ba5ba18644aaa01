"""`make bench` with real servers, over few items and for a moment: it cannot rot."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from benchmarks.__main__ import NAMES, main
from benchmarks.facts import gather
from benchmarks.measuring import Figures, Outcome
from benchmarks.mix import mixed
from benchmarks.report import Result, load, render
from benchmarks.stand import OURS, Contestant, Stand
from benchmarks.works import WORKS, sale
from inventory.models import Collectible
from scripts.processes import Process
from tests.factories import CategoryFactory, CollectibleFactory, UserFactory, VendorFactory

ROWS_OF_THE_ISSUE = 14
LET_GO = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"


@pytest.fixture
def _database_of_its_own(monkeypatch: pytest.MonkeyPatch, transactional_db: Any) -> Iterator[None]:
    """A copy of the tests' empty one; and a Valkey that no other test empties."""
    settings = connection.settings_dict
    name = f"bench_{settings['NAME']}"
    server = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**settings)
    connection.close()
    with psycopg.connect(f"{server}postgres", autocommit=True) as control:
        # A web server that other tests keep listens there, and will again.
        control.execute(LET_GO, [settings["NAME"]])
        control.execute(f'CREATE DATABASE "{name}" TEMPLATE "{settings["NAME"]}"')
        monkeypatch.setenv("DATABASE_URL", f"{server}{name}")
        monkeypatch.delenv("REDIS_URL", raising=False)
        yield
        control.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("_database_of_its_own")
def test_all_contestants_agree_and_are_measured_at_every_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        ["--scale", "200", "--seconds", "0.02", "--rounds", "1", "--results", str(tmp_path)]
    )
    assert code == 0
    [path] = tmp_path.glob("*-200.json")
    result = load(path)
    whole = ["export", "import", "import_of_items"]
    assert [each.name for each in result.outcomes] == [*(w.name for w in WORKS), *whole]
    who = {work.name: set(work.who) for work in WORKS} | {"import_of_items": {"ours", "plain"}}
    for each in result.outcomes:
        measured = {name for name, figures in each.figures.items() if figures.rate > 0}
        assert measured >= who.get(each.name, {"ours", "plain", "limit"}) - {"ours"}
        assert "ours" in measured or each.name == "unchanged"
    assert result.mixed is not None
    assert result.mixed.errors == 0
    assert capsys.readouterr().out.startswith("# Benchmark, 200 items")
    assert path.with_suffix(".md").read_text() == render(result)


def outcome(ours: float, plain: float) -> Outcome:
    figures = {"ours": Figures(ours, 1, 2, 3, 1.0, 10), "plain": Figures(plain)}
    return Outcome("list", "list", 5, 0.45, 0.85, figures)


@pytest.mark.parametrize(
    ("ours", "said"), [(50.0, "5.00 (≥ 5) ✓"), (49.0, "4.90 (≥ 5) ✗")], ids=["met", "missed"]
)
def test_report_says_whether_a_target_is_met(ours: float, said: str) -> None:
    told = render(Result(100, {"items": "100"}, [outcome(ours, 10.0)]))
    assert said in told
    assert "- (≥ 0.45)" in told


def test_a_run_is_compared_with_one_over_fewer_items() -> None:
    large = Result(1000, {"items": "1,000"}, [outcome(84.0, 10.0)])
    large.compare(Result(100, {"items": "100"}, [outcome(100.0, 10.0)]))
    assert "0.84 (≥ 0.85) ✗" in render(large)


def test_unknown_work_is_refused() -> None:
    with pytest.raises(SystemExit, match="There is no lists; there are list,"):
        main(["--only", "lists"])
    assert len(NAMES) == len(WORKS) + 4 > ROWS_OF_THE_ISSUE


@pytest.mark.django_db(transaction=True)
def test_mix_names_no_item_that_the_bulk_deletes_have_taken(tmp_path: Path) -> None:
    shop = VendorFactory()
    UserFactory(username="scale", active_vendor=shop)
    items = [CollectibleFactory(vendor=shop, quantity=3) for _ in range(12)]
    category = CategoryFactory(vendor=shop)
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    stand = Stand(url, {}, tmp_path)
    ours = Contestant(OURS, 0, Process("ours", [], tmp_path / "log"))
    facts = gather(stand, deep=False)
    assert category.pk in facts.categories
    next(sale(ours, facts))
    kept = {item.pk for item in items[6::2]}
    Collectible.objects.exclude(pk__in=kept).delete()
    asked = b" ".join(ask.data for ask in islice(mixed(stand, ours), 200))
    named = re.findall(rb'"item":(\d+)|items/(\d+)/', asked)
    assert {int(sold or read) for sold, read in named} <= kept
    assert any(sold for sold, _read in named)
