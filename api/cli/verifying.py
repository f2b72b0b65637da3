"""Verifying the log from its raw entries."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from api.cli.shared import Failure, Json, opened_tenant, print_json, progress_bar, settings, warn

if TYPE_CHECKING:
    from api.audit.check import CheckedTrail
    from api.certificates import CheckedCertificate
    from projections.drift import Drift
    from store.verify import GoesOn, Verified


def verify(  # noqa: PLR0913, PLR0917  one for each option
    most: Annotated[int, typer.Option("--most", help="Faults to show at most.", min=1)] = 100,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes that share the work; by default all cores.", min=1, max=64),
    ] = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Start over where an earlier run was interrupted.")
    ] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Check this proof, audit trail or certificate instead, offline."),
    ] = None,
    vkeys: Annotated[
        list[str] | None, typer.Option("--vkey", help="A key that you trust to have signed it.")
    ] = None,
    opening: Annotated[
        Path | None, typer.Option(help="What opens a certificate, to see whom it names.")
    ] = None,
    names: Annotated[
        list[str] | None, typer.Option("--name", help="A name or address that it may name.")
    ] = None,
    projections: Annotated[
        bool, typer.Option("--projections", help="Compare the read models with the log instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check every entry of the log, its tree and checkpoints, every commitment, every unique value
    and every receipt; trust nothing. After an interruption the next run goes on where it stood.
    """
    if projections:
        _verify_projections(most, workers, as_json)
        return
    if bundle is not None:
        _verify_bundle(bundle, vkeys or [], opening, names or [], as_json)
        return
    from store.verify import verify as verify_log

    with opened_tenant() as services, progress_bar() as progress:
        zone = services.tenant.zone
        found = verify_log(
            services.log,
            progress,
            most,
            workers=workers,
            afresh=afresh,
            goes_on=lambda sitting: warn(_in_words(sitting, zone)),
        )
    _report(found, as_json)


def _verify_projections(most: int, workers: int | None, as_json: bool) -> None:
    from projections import DERIVED, PROJECTIONS
    from projections.drift import drift

    with opened_tenant() as services, progress_bar() as progress:
        position, found = drift(
            services.log, PROJECTIONS, DERIVED, progress, most=most, workers=workers
        )
    wrong = [one for one in found if not one.is_right]
    if as_json:
        models = [asdict(one) for one in found]
        print_json({"ok": not wrong, "position": position, "read_models": models})
    else:
        for one in wrong:
            typer.echo(_differs(one))
        typer.echo(
            f"{len(found) - len(wrong)} of {len(found)} read models hold what the log says up to "
            f"position {position:,}."
        )
    if wrong:
        raise typer.Exit(1)


def _differs(one: "Drift") -> str:
    if one.records is None:
        return f"{one.name}: is not made as this release has it. Make it: kept upgrade"
    of = "record differs" if one.records == 1 else "records differ"
    ids = ", ".join(map(str, one.ids)) + (", …" if one.records > len(one.ids) else "")
    return (
        f"{one.name}: {one.records:,} {of} from the log ({ids}). Rows that wait are listed by kept "
        f"parked; otherwise report it, and put it right: kept rebuild {one.name}"
    )


def _report(found: "Verified", as_json: bool) -> None:
    if as_json:
        print_json({"tenant": settings.tenant, **found.as_json()})
    else:
        for fault in found.faults:
            typer.echo(str(fault))
        counted = f"{found.events:,} events of {found.streams:,} records, {found.rows:,} rows of "
        counted += f"personal data, {found.reads:,} reads"
        typer.echo(f"{counted}: {_verdict(found.fault_count)}")
    if found.fault_count > len(found.faults):
        warn(f"{found.fault_count - len(found.faults)} more faults. Raise --most to see them.")
    if found.fault_count:
        raise typer.Exit(1)


def _in_words(sitting: "GoesOn", zone: ZoneInfo) -> str:
    from domain.envelope import from_microseconds

    begun = from_microseconds(sitting.begun).astimezone(zone)
    return (
        f"Goes on at {sitting.done * 100:.0f} %, of the log as it stood at position "
        f"{sitting.head:,}; begun {begun:%H:%M}. With --afresh it starts over."
    )


def _verify_bundle(
    path: Path, trusted: list[str], opening: Path | None, names: list[str], as_json: bool
) -> None:
    from api.audit.check import check_trail, is_trail
    from api.certificates import check_certificate, is_certificate
    from store.transparency.proofs import check_bundle

    if is_trail(path):
        _report_trail(check_trail(path, trusted), as_json)
        return
    document = _read(path)
    if is_certificate(document):
        secret = None if opening is None else _secret(opening)
        _report_certificate(check_certificate(document, trusted, secret, names), names, as_json)
        return
    checked = check_bundle(document, trusted)
    if as_json:
        print_json(
            {
                "ok": True,
                "positions": checked.positions,
                "origin": checked.checkpoint.origin,
                "size": checked.checkpoint.size,
                "signed_by": checked.signed_by,
                "is_trusted": checked.is_trusted,
            }
        )
        return
    count = len(checked.positions)
    typer.echo(
        f"{count:,} {'entry is' if count == 1 else 'entries are'} in the log "
        f"{checked.checkpoint.origin} as its "
        f"checkpoint of {checked.checkpoint.size:,} entries says."
    )
    _say_by_whom(checked.signed_by, checked.is_trusted)


def _report_trail(checked: "CheckedTrail", as_json: bool) -> None:
    if as_json:
        print_json({"ok": True, **asdict(checked)})
        return
    typer.echo(
        f"{checked.rows:,} facts are of {checked.entries:,} entries, and these are in the log "
        f"{checked.origin} as its checkpoint of {checked.size:,} entries says."
    )
    _say_by_whom(checked.signed_by, checked.is_trusted)


def _report_certificate(checked: "CheckedCertificate", names: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json({"ok": True, **asdict(checked)})
        return
    typer.echo(
        f"{checked.request}: {checked.destroyed_rows:,} rows of personal data and "
        f"{checked.destroyed_keys:,} keys were destroyed at {checked.erased_at[:19]} UTC "
        f"({', '.join(checked.categories)}), in {checked.touched_records:,} records, as the log "
        f"{checked.origin} and its checkpoint of {checked.size:,} entries say."
    )
    typer.echo(
        f"No copy from before can be opened since {checked.dark_on}."
        if checked.dark_on
        else "Copies from before, such as backups, go dark later; the final certificate says when."
    )
    for name in names:
        typer.echo(f"{'It names' if name in checked.names else 'It does not name'} {name}.")
    _say_by_whom(checked.signed_by, checked.is_trusted)


def _secret(path: Path) -> bytes:
    try:
        return bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        raise Failure(f"{path} opens no certificate. Give the file that came with it.") from None


def _say_by_whom(vkeys: Sequence[str], is_trusted: bool) -> None:
    for vkey in vkeys:
        typer.echo(f"signed by {vkey}")
    if not is_trusted:
        warn("The key came with the proof. Compare it with one you know, or give that as --vkey.")


def _read(path: Path) -> Any:
    import json

    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise Failure(f"{path} is not JSON, so it is no proof. Export it again.") from None


def _verdict(faults: int) -> str:
    if not faults:
        return "nothing is wrong."
    return f"{faults:,} fault{'s' if faults > 1 else ''}."
