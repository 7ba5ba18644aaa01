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

from scripts.processes import LOOPBACK
from tests.contract import DOCUMENTS, published
from tests.core.servers import web_server
from tests.flows.doors import Shop

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
    environment = os.environ | {"FUZZ_IDENTITIES": str(place / "identities.json")}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=place, check=False
    )
    told = f"{version}, seed {seed}:\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, told
    tried = TRIED.search(done.stdout)
    assert tried, told
    return int(tried[1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(0)  # `make fuzz` takes hours
def test_every_call_gets_an_answer_that_is_promised(tmp_path: Path) -> None:
    shop, people = Shop(), []
    for name in ("owner", "stranger"):
        user = shop.people[name]
        user.set_password(PASSWORD)
        user.save()
        people.append(identity(name, user.email))
    (tmp_path / "identities.json").write_text(json.dumps({"auth": people}), encoding="utf-8")
    tried = 0
    with web_server(tmp_path / "gunicorn.log") as (port, _server):
        while tried <= CASES:
            for version in DOCUMENTS:
                seed = 1 if "CI" in os.environ else randbelow(2**32)
                tried += fuzz(tmp_path, f"http://{LOOPBACK}:{port}", version, seed)
    assert tried > len(DOCUMENTS) * len(published("v1")["paths"])
