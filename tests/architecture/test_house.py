"""What no linter knows of the house rules (docs/architecture.md): read from the code itself."""

import ast
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
OURS = ["core", "vendors", "users", "inventory", "sales", "notifications", "dashboard",
        "omni_stock", "scripts", "benchmarks", "tests"]  # fmt: skip
MOST_LINES = 400
WRITES = {"save", "delete", "create", "update", "get_or_create", "update_or_create", "bulk_create",
          "bulk_update", "hard_delete", "restore"}  # fmt: skip


def modules(*packages: str, inside: str = "") -> list[Path]:
    """The Python files of these packages that people wrote, below directories called `inside`."""
    return [
        path
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts and inside in ("", *path.relative_to(ROOT).parts)
    ]


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def apps() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("*/apps.py"))


def contracts() -> dict[str, dict[str, list[str]]]:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = tools["tool"]["importlinter"]["contracts"]
    return {contract["id"]: contract for contract in listed}


class TestSize:
    def test_no_module_is_longer_than_the_house_allows(self) -> None:
        files = [*modules(*OURS), *ROOT.glob("*.py")]
        assert len(files) > 100
        lines = {str(f.relative_to(ROOT)): len(f.read_text().splitlines()) for f in files}
        assert {name: n for name, n in lines.items() if n > MOST_LINES} == {}


def service_modules() -> list[Path]:
    business = [app for app in apps() if app != "core"]
    return [f for f in modules(*business) if f.stem == "services" or "services" in f.parts]


def services() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in service_modules():
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and node.name.endswith("Service"):
                yield path, node


def decorators(node: ast.FunctionDef) -> set[str]:
    return {ast.unparse(decorator) for decorator in node.decorator_list}


def faults_of_verb(verb: ast.FunctionDef) -> Iterator[str]:
    takes = verb.args
    if "staticmethod" not in decorators(verb):
        yield "is no static method"
    if takes.args or takes.posonlyargs or takes.vararg:
        yield "takes positional arguments"
    given = [*takes.kwonlyargs, *([takes.kwarg] if takes.kwarg else [])]
    if unknown := [one.arg for one in given if one.annotation is None]:
        yield f"does not say what {', '.join(unknown)} is"
    if verb.returns is None:
        yield "does not say what it returns"


class TestServices:
    def test_every_business_app_that_writes_has_one(self) -> None:
        homes = {path.relative_to(ROOT).parts[0] for path, _ in services()}
        assert homes >= {"inventory", "users", "vendors"}
        assert len(list(services())) >= 5

    def test_verbs_are_static_keyword_only_and_typed(self) -> None:
        faults = []
        for path, service in services():
            for verb in service.body:
                if isinstance(verb, ast.FunctionDef):
                    said = faults_of_verb(verb)
                    faults += [f"{where(path, verb)} {verb.name} {fault}" for fault in said]
        assert faults == []

    def test_service_is_a_namespace_without_state_or_ancestors(self) -> None:
        faults = []
        for path, service in services():
            for node in service.body:
                is_doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
                if not (isinstance(node, ast.FunctionDef) or is_doc):
                    faults.append(where(path, node))
            if service.bases or service.keywords:
                faults.append(where(path, service))
        assert faults == []

    def test_what_others_may_call_is_a_service_or_a_plain_value(self) -> None:
        """A public function of a services module would be a verb nobody finds."""
        faults = [
            f"{where(path, node)} {node.name}"
            for path in service_modules()
            if path.stem in {"services", "__init__"}
            for node in tree(path).body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        ]
        assert faults == []


def writes_of(path: Path) -> Iterator[ast.Call]:
    """Calls that could write rows, unless a service or the framework's own method is called."""
    for node in ast.walk(tree(path)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        on = ast.unparse(node.func.value)
        if node.func.attr in WRITES and not (on.endswith("Service") or on == "super()"):
            yield node


class TestApi:
    def test_nothing_under_api_writes_rows_itself(self) -> None:
        files = modules(*apps(), inside="api")
        assert len(files) > 15
        assert [where(path, call) for path in files for call in writes_of(path)] == []

    def test_rule_finds_a_write(self, tmp_path: Path) -> None:
        """The rule above would pass as well if it saw nothing."""
        source = "item.save()\nItem.objects.create()\nItemService.create()\nsuper().update()\n"
        path = tmp_path / "views.py"
        path.write_text(source)
        assert [call.lineno for call in writes_of(path)] == [1, 2]


class TestContracts:
    """A new app is known to import-linter from its first day."""

    @pytest.mark.parametrize("app", apps())
    def test_app_has_its_place_among_the_layers(self, app: str) -> None:
        assert app in contracts()["apps"]["layers"]

    @pytest.mark.parametrize("app", [app for app in apps() if app != "core"])
    def test_apps_rooms_are_held_apart(self, app: str) -> None:
        assert app in contracts()["rooms"]["containers"]

    @pytest.mark.parametrize("app", [app for app in apps() if app != "core"])
    def test_apps_models_are_private_and_unknown_to_its_views(self, app: str) -> None:
        rules = contracts()
        if list((ROOT / app).glob("models*")):
            assert rules[f"{app}-models"]["protected_modules"] == [f"{app}.models"]
            assert f"{app}.models" in rules["views"]["forbidden_modules"]
        assert f"{app}.api.views" in rules["views"]["source_modules"]

    @pytest.mark.parametrize("room", ["models", "selectors", "services", "tasks", "handlers"])
    def test_apps_domain_does_not_know_http(self, room: str) -> None:
        listed = contracts()["domain"]["source_modules"]
        for app in apps():
            if app != "core" and list((ROOT / app).glob(f"{room}*")):
                assert f"{app}.{room}" in listed

    def test_layers_stand_in_the_order_of_the_house(self) -> None:
        order = ["omni_stock", "dashboard", "notifications", "integrations", "sales", "inventory",
                 "users", "vendors", "core"]  # fmt: skip
        layers = contracts()["apps"]["layers"]
        assert set(layers) <= set(order)
        assert all(order.index(a) < order.index(b) for a, b in pairwise(layers))


class TestManners:
    def test_only_settings_import_everything(self) -> None:
        faults = [
            where(path, node)
            for path in modules(*OURS)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ImportFrom)
            and any(name.name == "*" for name in node.names)
            and path.parent.name != "settings"
        ]
        assert faults == []

    def test_the_product_does_not_print(self) -> None:
        faults = [
            where(path, node)
            for path in modules(*apps(), "omni_stock")
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"print", "pprint", "breakpoint"}
        ]
        assert faults == []

    def test_packages_hold_no_hidden_code(self) -> None:
        """An `__init__` re-exports by name, and no more."""
        allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr)
        faults = [
            where(path, node)
            for path in modules(*apps())
            if path.name == "__init__.py"
            for node in tree(path).body
            if not isinstance(node, allowed)
        ]
        assert faults == []
