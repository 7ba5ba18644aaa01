"""Writes docs/api/omni-stock.postman_collection.json from docs/api/schema.yml.

A collection (format v2.1) for Postman, Insomnia, Bruno and Hoppscotch: a folder for each tag, a
request for each operation with an example of its body. Signing in keeps the tokens in variables
that all other requests use.
"""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "api" / "schema.yml"
COLLECTION = ROOT / "docs" / "api" / "omni-stock.postman_collection.json"
FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
VARIABLES = {
    "baseUrl": "http://localhost:8000",
    "apiVersion": "v1",
    "accessToken": "",
    "refreshToken": "",
}
KEEP_TOKENS = [
    "if (pm.response.code < 300) {",
    "    const tokens = pm.response.json();",
    '    pm.collectionVariables.set("accessToken", tokens.access);',
    '    pm.collectionVariables.set("refreshToken", tokens.refresh);',
    "}",
]
# Where the example of a body shows a JWT, the request sends what signing in has kept.
KEPT = {"refresh": "{{refreshToken}}", "token": "{{accessToken}}"}
Json = dict[str, Any]


def collection(document: Json) -> Json:
    """The whole collection of an OpenAPI document."""
    folders: dict[str, Json] = {
        tag["name"]: {"name": tag["name"], "description": tag["description"], "item": []}
        for tag in document["tags"]
    }
    for address, operations in document["paths"].items():
        for method, operation in operations.items():
            made = _item(document, address, method, operation)
            folders[operation["tags"][0]]["item"].append(made)
    return {
        "info": {
            "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_URL, document["info"]["title"])),
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": FORMAT,
        },
        "auth": {
            "type": "bearer",
            "bearer": [{"key": "token", "value": "{{accessToken}}", "type": "string"}],
        },
        "variable": [{"key": key, "value": value} for key, value in VARIABLES.items()],
        "item": [folder for folder in folders.values() if folder["item"]],
    }


def _item(document: Json, address: str, method: str, operation: Json) -> Json:
    parameters = [_resolved(document, p) for p in operation.get("parameters", [])]
    request: Json = {
        "method": method.upper(),
        "header": [_pair(p) for p in parameters if p["in"] == "header"],
        "url": _url(address, parameters),
        "description": operation.get("description", ""),
    }
    if {} in operation.get("security", []):
        request["auth"] = {"type": "noauth"}
    for kind, media in [*operation.get("requestBody", {}).get("content", {}).items()][:1]:
        request["body"] = _body(document, kind, media)
        if kind == "application/json":
            request["header"].append({"key": "Content-Type", "value": kind})
    item: Json = {"name": operation["summary"], "request": request, "response": []}
    if {"access", "refresh"} <= set(_properties(document, _answer(operation))):
        script = {"type": "text/javascript", "exec": KEEP_TOKENS}
        item["event"] = [{"listen": "test", "script": script}]
    return item


def _url(address: str, parameters: list[Json]) -> Json:
    named_parts = re.sub(r"{(\w+)}", r":\1", address).removeprefix("/api/").split("/")
    # The empty last part is the slash that every address ends with.
    path = ["api", *("{{apiVersion}}" if part == "v1" else part for part in named_parts)]
    url: Json = {"raw": "/".join(["{{baseUrl}}", *path]), "host": ["{{baseUrl}}"], "path": path}
    if query := [_pair(p) for p in parameters if p["in"] == "query"]:
        url["query"] = query
    if named := [p for p in parameters if p["in"] == "path"]:
        url["variable"] = [{"key": p["name"], "value": "1"} for p in named]
    return url


def _pair(parameter: Json) -> Json:
    """A query parameter or header, switched off unless it has to be there."""
    pair = {"key": parameter["name"], "value": "", "description": parameter.get("description", "")}
    return pair if parameter.get("required") else {**pair, "disabled": True}


def _body(document: Json, kind: str, media: Json) -> Json:
    example = next(iter(media["examples"].values()))["value"]
    if kind == "multipart/form-data":
        fields = _properties(document, media["schema"])
        return {"mode": "formdata", "formdata": [
            _field(name, schema, example.get(name, "")) for name, schema in fields.items()
        ]}  # fmt: skip
    body = {
        key: KEPT.get(key, value) if str(value).startswith("eyJ") else value
        for key, value in example.items()
    }
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}


def _field(name: str, schema: Json, example: Any) -> Json:
    if schema.get("format") == "binary":
        return {"key": name, "type": "file", "src": []}
    given = example if isinstance(example, str) else json.dumps(example)
    field = {"key": name, "type": "text", "value": given}
    return field if given else {**field, "disabled": True}


def _answer(operation: Json) -> Json:
    """What a good call is answered with."""
    good = [part for status, part in operation["responses"].items() if status.startswith("2")]
    schema: Json = good[0].get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _properties(document: Json, schema: Json) -> Json:
    properties: Json = _resolved(document, schema).get("properties", {})
    return properties


def _resolved(document: Json, part: Json) -> Json:
    """What a reference stands for."""
    if reference := part.get("$ref"):
        for name in reference.removeprefix("#/").split("/"):
            document = document[name]
        return document
    return part


def render(document: Json) -> str:
    return json.dumps(collection(document), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    document = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    COLLECTION.write_text(render(document), encoding="utf-8")


if __name__ == "__main__":
    main()
