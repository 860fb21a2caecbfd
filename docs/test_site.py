"""The site that was just built: Sphinx itself reads back what other projects can link to."""

from __future__ import annotations

from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

import pychrony
import pychrony.aio
import pychrony.health
import pychrony.testing
from pychrony._reports import ENUMERATIONS, REPORTS

SITE = Path(__file__).resolve().parent.parent / ".cache" / "docs"


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Every Python object that objects.inv names."""
    with open(SITE / "objects.inv", "rb") as file:
        inventory = InventoryFile.load(file, "https://docs.invalid", lambda base, path: path)
    return {name for kind in inventory if kind.startswith("py:") for name in inventory[kind]}


@pytest.mark.parametrize(
    "module", [pychrony, pychrony.aio, pychrony.health, pychrony.testing], ids=lambda m: m.__name__
)
def test_every_public_name_can_be_linked_to(module: object, names: set[str]) -> None:
    for name in module.__all__:  # type: ignore[attr-defined]
        assert f"{module.__name__}.{name}" in names  # type: ignore[attr-defined]


def test_every_field_and_method_of_a_record_can_be_linked_to(names: set[str]) -> None:
    for report in REPORTS.values():
        fields = [field["name"] for field in report["fields"]]
        derived = [each["name"] for each in report["derived"]]
        for name in [*fields, *derived, *report["methods"], "to_dict"]:
            assert f"pychrony.{report['type']}.{name}" in names


def test_every_member_of_an_enumeration_can_be_linked_to(names: set[str]) -> None:
    for enumeration, table in ENUMERATIONS.items():
        for member in table["members"]:
            assert f"pychrony.{enumeration}.{member['name']}" in names


def test_the_search_knows_containers_and_the_dashboard() -> None:
    index = (SITE / "searchindex.js").read_text()
    for word in ("docker", "kubernet", "grafana", "fastapi", "zabbix"):
        assert f'"{word}' in index or f"{word}:" in index, word
