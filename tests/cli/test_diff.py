"""kept diff: what differs between two moments."""

from datetime import UTC, datetime

from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from domain.customers import Kind
from tests.cli.conftest import Kept


def test_what_came_and_changed_is_told_with_counts(kept: Kept, services: Services) -> None:
    known = services.issue(RegisterCustomer(name="Wren", kind=Kind.ORGANISATION)).stream
    first = datetime.now(UTC).isoformat()
    services.issue(ChangeCustomer(name="Wren & Moss"), known)
    services.issue(RegisterCustomer(name="New", kind=Kind.PERSON))
    second = datetime.now(UTC).isoformat()
    told = kept("diff", first, second, "--model", "customers").done().out
    assert "name: Wren → Wren & Moss" in told
    assert "customers\tchanged\t1" in told
    assert "名称: Wren → Wren & Moss" in kept("diff", first, second, "--zh").done().out
    found = kept("diff", first, second, "--json").done().json
    assert found["counts"]["customers"] == {"changed": 1, "created": 1}
    changed = {one["id"]: one["what"] for one in found["differences"]}
    assert changed[str(known)] == "changed"
    assert kept("diff", first, first, "--json").done().json == {"differences": [], "counts": {}}
    assert "Nothing differs." in kept("diff", first, first).done().out


def test_a_read_model_that_there_is_not_is_said(kept: Kept, services: Services) -> None:
    kept("diff", "2025-01-01", "2025-02-01", "--model", "x").failed(2, "no read model x.")
