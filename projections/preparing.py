"""Making the tables that this release has and a tenant lacks."""

from collections.abc import Sequence

from projections.kernel import Derived, Projection, ReadModel
from projections.rebuild import LEASE, rebuild
from projections.tables import table_of
from store.database import Connection
from store.event_log import EventLog
from store.tracking import Tracking


def prepare(
    log: EventLog, projections: Sequence[Projection], derived: Sequence[Derived]
) -> list[str]:
    """Make the tables that this release has and the tenant lacks; gives their names.

    Those of a tenant that was only just made are empty; all others are folded from its log.
    """
    models: tuple[ReadModel, ...] = (*projections, *derived)
    with log.database.connect("projector", log.tenant.schema) as connection:
        tracking = Tracking(connection)
        if not tracking.known() and not log.head():
            tracking.await_lease(LEASE)  # another process may be at it
            if not tracking.known():
                _make_empty(connection, models)
                return [model.name for model in models]
        known = tracking.known()
    missing = [
        model
        for model in models
        if known.get((model.name, model.version), (0, ""))[1] != table_of(model).shape
    ]
    if missing:
        rebuild(log, projections, derived, missing)
    return [model.name for model in missing]


def _make_empty(connection: Connection, models: Sequence[ReadModel]) -> None:
    """In one transaction, which takes a tenth of what rebuilding nothing does."""
    with connection.transaction():
        for model in models:
            table = table_of(model)
            table.create(connection)
            table.index(connection)
            table.publish(connection)
            Tracking(connection).register(model, 0, table.shape)
