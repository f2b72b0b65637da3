"""Exports: what is new is added, nothing personal is in them unless somebody answers for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet  # type: ignore[import-untyped]

from api.exporting.entries import Personal
from api.exporting.manifest import NAME, digest, read_manifest
from api.exporting.parquet import MODELS, export
from api.services import Services
from commands.customers import RegisterCustomer
from commands.kernel import Rejected
from domain.customers import Kind
from projections.readers import KEPT, Reader
from store.places import COPIES
from store.read_entries import Asked
from store.read_entries import entries as reads
from store.read_log import body_of

CANARY = "Wq7Lp2Zx"


def register(services: Services, name: str, **fields: Any) -> None:
    services.issue(RegisterCustomer(name=name, kind=Kind.PERSON, **fields))
    services.runner.catch_up()


def entries(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "log").rglob("*.parquet"))
    return [row for one in files for row in parquet.ParquetFile(one).read().to_pylist()]


def rows(folder: Path, model: str) -> list[dict[str, Any]]:
    manifest = read_manifest(folder)
    assert manifest is not None
    files = [folder / one.path for one in manifest.models[model].files]
    return [row for one in files for row in parquet.ParquetFile(one).read().to_pylist()]


def test_everything_public_is_there_and_nothing_else(services: Services, tmp_path: Path) -> None:
    register(services, CANARY, industry="Water", emails=(f"{CANARY}@example.com",))
    done = export(services, KEPT, tmp_path / "out")
    assert {*done.models} == {one.name for one in MODELS}
    logged = entries(tmp_path / "out")
    assert [one["position"] for one in logged] == [*range(1, done.position + 1)]
    assert done.position == done.entries == services.log.head()
    [said] = [one for one in logged if one["type"] == "CustomerRegistered"]
    assert json.loads(said["data"]) == {"industry": "Water", "kind": "person"}
    [customer] = rows(tmp_path / "out", "customers")
    assert (customer["id"], customer["industry"]) == (said["stream"], "Water")
    written = [one for one in (tmp_path / "out").rglob("*") if one.is_file()]
    assert not [one for one in written if CANARY.encode() in one.read_bytes()]


def test_a_second_run_adds_what_is_new(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    register(services, "One")
    first = export(services, KEPT, folder)
    kept = {one: one.stat().st_mtime_ns for one in (folder / "log").rglob("*.parquet")}
    register(services, "Two")
    second = export(services, KEPT, folder)
    assert second.position - first.position == second.entries == 1
    assert all(one.stat().st_mtime_ns == written for one, written in kept.items())
    assert [one["position"] for one in entries(folder)] == [*range(1, second.position + 1)]
    assert len(rows(folder, "customers")) == 2
    told = [one["position"] for one in rows(folder, "history")]
    assert told == sorted(told)
    assert {*told} == {*range(1, second.position + 1)}
    assert export(services, KEPT, folder).models == ()


def test_the_manifest_names_every_file_by_its_digest(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    register(services, "One")
    done = export(services, KEPT, folder)
    (folder / "models" / "left-by-a-crash.parquet").write_bytes(b"half")
    export(services, KEPT, folder)
    manifest = read_manifest(folder)
    assert manifest is not None
    found = {str(one.relative_to(folder)) for one in folder.rglob("*.parquet")}
    assert found == {one.path for one in manifest.files}
    assert all(digest(folder / one.path) == one.sha256 for one in manifest.files)
    assert manifest.log.position == done.position
    assert manifest.checkpoint.splitlines()[1] == str(done.position)


def test_pseudonyms_are_the_same_for_the_same_value_and_hide_it(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COPIES, "warehouse=30")
    for name in (CANARY, CANARY, "Somebody else"):
        register(services, name)
    export(services, KEPT, tmp_path / "out", Personal.PSEUDONYMS, "warehouse")
    registered = [one for one in entries(tmp_path / "out") if one["type"] == "CustomerRegistered"]
    names = [json.loads(one["data"])["name"] for one in registered]
    assert names[0] == names[1] != names[2]
    assert len(names[0]) == 32
    written = b"".join(one.read_bytes() for one in (tmp_path / "out").rglob("*.parquet"))
    assert CANARY.encode() not in written


def test_values_in_clear_are_in_the_read_log(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COPIES, "warehouse=30")
    register(services, CANARY)
    export(services, KEPT, tmp_path / "out", Personal.CLEAR, "warehouse")
    found, _ = reads(services.log, Asked(), 10)
    read = [body_of(one) for one in found]
    assert {name for one in read if one["read_model"] == "events" for name in one["fields"]} >= {
        "name"
    }
    registered = [one for one in entries(tmp_path / "out") if one["type"] == "CustomerRegistered"]
    assert json.loads(registered[0]["data"])["name"] == CANARY


def test_personal_fields_need_a_role_and_a_named_copy(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COPIES, "warehouse=30")
    analyst = Reader(KEPT.user_id, "analyst", "tests")
    with pytest.raises(Rejected, match="personal: the role analyst does not see"):
        export(services, analyst, tmp_path / "out", Personal.CLEAR, "warehouse")
    for copy in (None, "shed"):
        with pytest.raises(Rejected, match="copy: is not named in KEPT_COPIES"):
            export(services, KEPT, tmp_path / "out", Personal.PSEUDONYMS, copy)
    with pytest.raises(Rejected, match="copy: is only for an export with personal fields"):
        export(services, KEPT, tmp_path / "out", Personal.LEFT_OUT, "warehouse")
    assert not (tmp_path / "out").exists()
    export(services, KEPT, tmp_path / "out")
    with pytest.raises(Rejected, match="whose personal fields are left-out"):
        export(services, KEPT, tmp_path / "out", Personal.CLEAR, "warehouse")


def test_what_is_no_export_is_left_alone(services: Services, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Rejected, match="The folder holds something else"):
        export(services, KEPT, tmp_path)
    (tmp_path / NAME).write_text('{"format": "other/1"}')
    with pytest.raises(Rejected, match="is none of this release"):
        export(services, KEPT, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
