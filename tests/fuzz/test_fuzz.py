"""The API as its documents describe it, called at random by two owners who know nothing more.

Schemathesis makes calls that the documents allow and calls that they forbid, follows what one
call made into the next, and looks at every answer with all the checks that `schemathesis.toml`
does not excuse. `make test` tries some hundred cases, the same each time where `CI` is set;
`make fuzz` tries new ones until it has tried `FUZZ_CASES`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from secrets import randbelow
from typing import Any

import pytest
from django.core.management import call_command

from scripts.processes import LOOPBACK
from tests.contract import DOCUMENTS, published, template_of
from tests.core.servers import web_server
from tests.flows.doors import Shop
from tests.flows.routes import ROUTES

HERE = Path(__file__).parent
CASES = int(os.environ.get("FUZZ_CASES", "0"))
# What coverage adds, every single rule of every schema broken in turn, is thousands of cases.
BRIEFLY = ["--phases", "examples,fuzzing,stateful", "--max-examples", "2"]
AT_LENGTH = ["--max-examples", "25"]
# None of the documents' examples: those would change it, or delete the account.
PASSWORD = "a-crate-of-red-wheels"
TRIED = re.compile(r"^  (\d+) generated", re.MULTILINE)


def identity(name: str, email: str) -> dict[str, Any]:
    """How one signs in, again whenever a call has ended the session."""
    token = {"extractFrom": "body", "extractSelector": "/access", "sendIn": "header",
             "sendName": "Authorization", "sendTemplate": "Bearer {token}"}  # fmt: skip
    login = {"verb": "POST", "endpoint": "/api/v1/auth/token/", "contentType": "application/json",
             "payloadRaw": json.dumps({"email": email, "password": PASSWORD}),
             "token": token}  # fmt: skip
    return {"name": name, "loginEndpointAuth": login}


def fuzz(place: Path, address: str, version: str, seed: int) -> int:
    """How many cases were tried, all of them well answered."""
    command: list[Any] = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml",
        "run", HERE.parents[1] / "docs" / "api" / DOCUMENTS[version], "--url", address,
        "--seed", str(seed), "--generation-database", "none", "--continue-on-failure",
        "--no-color", *(AT_LENGTH if CASES else BRIEFLY),
    ]  # fmt: skip
    environment = os.environ | {
        "FUZZ_IDENTITIES": str(place / "identities.json"),
        "FUZZ_WORLD": str(place / "world.json"),
        "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"),
    }
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=place, check=False
    )
    told = f"{version}, seed {seed}:\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, told
    tried = TRIED.search(done.stdout)
    assert tried, told
    return int(tried[1])


def open_shops(place: Path) -> None:
    """Two owners of a shop each, one with something of everything, which the hooks are told of."""
    shop, people = Shop(), []
    for name in ("owner", "stranger"):
        user = shop.people[name]
        user.set_password(PASSWORD)
        user.save()
        people.append(identity(name, user.email))
    (place / "identities.json").write_text(json.dumps({"auth": people}), encoding="utf-8")
    (place / "world.json").write_text(json.dumps(world_of(shop)), encoding="utf-8")


def world_of(shop: Shop) -> dict[str, Any]:
    """The ids by which the owner's things are named: in addresses, by template, and in bodies."""
    paths: dict[str, dict[str, str]] = {}
    for route in (route for route, named in ROUTES.items() if named):
        for version in DOCUMENTS:
            address = shop.address(route).replace("/v1/", f"/{version}/")
            template = template_of(version, address)
            pairs = zip(template.split("/"), address.split("/"), strict=True)
            paths[template] = {part[1:-1]: said for part, said in pairs if part[:1] == "{"}
    bodies = {
        "vendor": shop.vendor, "vendor_id": shop.vendor, "store": shop.shelf, "item": shop.item,
        "from_store": shop.shelf, "to_store": shop.store, "lot": shop.lot, "product": shop.item,
        "movement": shop.movement, "customer": shop.customer, "category": shop.category,
    }  # fmt: skip
    return {"paths": paths, "bodies": {name: row.pk for name, row in bodies.items()}}


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(0)  # `make fuzz` takes hours
def test_every_call_gets_an_answer_that_is_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = 0
    with web_server(tmp_path / "gunicorn.log") as (port, _server):
        while tried <= CASES:
            for version in DOCUMENTS:
                open_shops(tmp_path)
                seed = 1 if "CI" in os.environ else randbelow(2**32)
                tried += fuzz(tmp_path, f"http://{LOOPBACK}:{port}", version, seed)
                told = f"\n{version}, seed {seed}: {tried} of {CASES} cases tried"
                if CASES:
                    with capsys.disabled():
                        sys.stdout.write(told)
                        sys.stdout.flush()
                # Calls at random leave little of a shop.
                call_command("flush", verbosity=0, interactive=False)
    assert tried > len(DOCUMENTS) * len(published("v1")["paths"])
