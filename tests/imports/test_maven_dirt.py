"""The Maven import on files that are wrong in other ways than the real ones."""

from pathlib import Path
from uuid import UUID

import pytest

from api.cli.shared import command_line_reader
from api.imports.intake import ImportStopped, Intake
from api.imports.maven_crm import import_maven_crm
from api.services import Services
from commands.custom_fields import DeclareCustomField
from commands.opportunities import ReopenOpportunity
from commands.teams import CreateTeam
from domain.custom_fields import FieldType, custom_fields_id
from domain.opportunities import Opportunity
from store.lists import Query
from tests.imports.conftest import Notes, run_import

FILES = {
    "accounts.csv": """\
account,sector,year_established,revenue,employees,office_location,subsidiary_of
Child,retail,1999,1.5,10,Germany,Parent
Parent,retail,1980,20,200,Atlantis,Nobody
Loop,retail,1980,many,,,Loop
Child,retail,1999,1.5,10,Germany,
""",
    "products.csv": """product,series,sales_price
GTX Pro,GTX,4821
Gift,,free
""",
    "sales_teams.csv": """sales_agent,manager,regional_office
Ann,Max,East
Bob,Max,East
""",
    "sales_pipeline.csv": """\
opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
A1,Ann,GTXPro,Child,Won,2017-01-01,2017-02-01,10
A1,Ann,GTXPro,Child,Won,2017-01-01,2017-02-01,10
A2,Zoe,Unknown,Ghost,Engaging,2017-01-01,,
A3,Ann,GTX Pro,,Won,2017-01-01,,10
A4,Ann,GTX Pro,,Lost,2017-03-01,2017-02-01,0
A5,Ann,GTX Pro,,Dreaming,,,
A6,Ann,GTX Pro,,Engaging,1/2/2017,,
,Ann,GTX Pro,,Prospecting,,,
""",
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(services: Services, directory: Path) -> tuple[Intake, Notes]:
    return run_import(services, "maven-crm", lambda one: import_maven_crm(one, directory))


def deal(services: Services, name: str) -> tuple[UUID, Opportunity]:
    stream = services.log.holder("opportunities", "external_id", f"maven-crm\n{name}")
    assert stream is not None
    state = services.dispatcher.state(Opportunity, stream).state
    assert isinstance(state, Opportunity)
    return stream, state


def test_every_row_is_taken_or_told(services: Services, directory: Path) -> None:
    intake, notes = run(services, directory)
    told = {
        (note.file, note.line): note.reason for note in notes.notes if note.outcome == "not_taken"
    }
    assert told == {
        ("accounts.csv", 5): "account: an earlier row has the same",
        ("sales_pipeline.csv", 3): "opportunity_id: an earlier row has the same",
        ("sales_pipeline.csv", 5): "close_date: is needed in this stage",
        ("sales_pipeline.csv", 6): "close_date: lies before the engage date",
        ("sales_pipeline.csv", 7): "deal_stage: is no stage that this import knows",
        ("sales_pipeline.csv", 8): "engage_date: is no date such as 2017-01-31",
        ("sales_pipeline.csv", 9): "opportunity_id: is empty",
    }
    taken = [note for note in notes.notes if note.outcome == "mended"]
    mended = {(note.file, note.line, note.reason) for note in taken}
    assert {
        ("accounts.csv", 3, "office_location: is no country. Left out"),
        ("accounts.csv", 3, "subsidiary_of: no such account before it. Left out"),
        ("accounts.csv", 4, "subsidiary_of: no such account before it. Left out"),
        ("products.csv", 3, "sales_price: is no number. Left out"),
        ("sales_pipeline.csv", 2, "product: GTXPro stands for GTX Pro"),
        ("sales_pipeline.csv", 4, "account: is in none of the files. Left out"),
        ("sales_pipeline.csv", 4, "sales_agent: is in none of the files. Left out"),
        ("sales_pipeline.csv", 4, "product: is not in the catalogue. Left out"),
    } <= mended
    assert intake.opened == {
        "teams": 1,
        "users": 3,
        "products": 2,
        "customers": 3,
        "pipelines": 1,
        "opportunities": 2,
    }
    _, lone = deal(services, "A2")
    assert (lone.customer_id, lone.owner_id, lone.lines, lone.stage) == (None, None, (), "engaging")


def test_subsidiaries_hang_below_their_parents(services: Services, directory: Path) -> None:
    run(services, directory)
    services.runner.catch_up()
    page = services.gate.page(command_line_reader(), "customers", Query(sort="number"))
    by_name = {one["name"]: one for one in page.items}
    assert by_name["Child"]["parent_id"] == by_name["Parent"]["id"]
    assert by_name["Loop"]["parent_id"] is None


def test_what_people_did_since_is_left_alone(services: Services, directory: Path) -> None:
    run(services, directory)
    stream, _ = deal(services, "A1")
    services.issue(ReopenOpportunity(), stream)
    before = services.log.head()
    run(services, directory)
    assert services.log.head() == before
    assert deal(services, "A1")[1].is_open


def test_a_later_export_moves_deals_on(services: Services, directory: Path) -> None:
    run(services, directory)
    path = directory / "sales_pipeline.csv"
    engaging = "A2,Zoe,Unknown,Ghost,Engaging,2017-01-01,,"
    lost = "A2,Zoe,Unknown,Ghost,Lost,2017-01-01,2017-04-01,0"
    path.write_text(path.read_text().replace(engaging, lost))
    before = services.log.head()
    run(services, directory)
    assert services.log.head() == before + 1
    _, moved = deal(services, "A2")
    assert (moved.status, moved.loss_reason) == ("lost", "not_recorded")


def test_what_was_here_by_that_name_is_used(services: Services, directory: Path) -> None:
    east = services.issue(CreateTeam(name="East")).stream
    year = DeclareCustomField(key="year_established", label="Year", type=FieldType.SWITCH)
    services.issue(year, custom_fields_id("customers"))
    _, notes = run(services, directory)
    assert deal(services, "A1")[1].team_id == east
    reasons = {note.reason for note in notes.notes if note.file == "sales_teams.csv"}
    assert "name: a record here has it. That one was taken" in reasons


@pytest.mark.parametrize("name", [*FILES])
def test_a_file_that_is_missing_or_another_is_told(
    services: Services, directory: Path, name: str
) -> None:
    (directory / name).write_text("nothing\n")
    with pytest.raises(ImportStopped, match="has no column"):
        run(services, directory)
    (directory / name).unlink()
    with pytest.raises(ImportStopped, match=f"There is no {name}"):
        run(services, directory)
    with pytest.raises(ImportStopped, match="There is no directory"):
        run(services, directory / "nowhere")
    assert services.log.head() == 1
