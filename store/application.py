"""The eventsourcing library's application over our log: its repository loads every aggregate.

The library's default projector asks of each event whether it is one (a check of a runtime protocol,
20 to 50 µs); ours evolves frozen values. States that are known already stand where the library
keeps snapshots, so that only newer events are read.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple, NoReturn, Protocol
from uuid import UUID

from eventsourcing.application import Application, Repository
from eventsourcing.persistence import (
    EventStore,
    InfrastructureFactory,
    Mapper,
    NotSupportedError,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType

from domain.erasure import PersonalDataErased
from domain.kernel import Aggregate
from store.event_log import EventLog
from store.mapper import LogMapper
from store.recorder import LogRecorder


class Held(NamedTuple):
    """A state and the version that it is of; version 0 where there is no such record."""

    state: Aggregate
    version: int

    @property
    def originator_version(self) -> int:
        """The library's name of it, where this serves as a snapshot."""
        return self.version


class States(Protocol):
    """States that are known, of any version."""

    def get(self, stream: UUID) -> Held | None: ...
    def drop(self, stream: UUID) -> None: ...


class Outlived(Exception):
    """A known state holds values that were erased since: it is to be folded from its beginning."""


class KnownStates(EventStore[UUID]):
    """Shows known states to the library's repository as the snapshots to begin with."""

    def __init__(self, states: States) -> None:
        self._states = states

    def get(
        self,
        originator_id: UUID,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Iterator[Any]:
        """The state, if it is known and not of a later version than wanted."""
        held = self._states.get(originator_id)
        if held is None or held.version == 0:  # which may have been looked up as another kind
            return iter(())
        return iter(() if lte is not None and held.version > lte else (held,))


class LogFactory(InfrastructureFactory[TrackingRecorder]):
    """Makes the library's parts over one tenant's log."""

    def __init__(self, log: EventLog, env: Environment | EnvType | None = None) -> None:
        super().__init__(env)
        self._log = log

    def mapper(self, transcoder: Any = None, mapper_class: Any = None) -> Mapper[Any]:
        """Ours; the environment cannot choose another, for it would read no event of this log."""
        return LogMapper(self._log.keys)

    def application_recorder(self) -> LogRecorder:
        return LogRecorder(self._log)

    def aggregate_recorder(self, purpose: str = "events") -> NoReturn:
        raise NotSupportedError("States are folded from the log; there is no table of snapshots.")

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> NoReturn:
        raise NotSupportedError("Read models keep their positions by store.tracking.")

    def process_recorder(self) -> NoReturn:
        raise NotSupportedError("Reactions issue commands; they do not write events.")


class LogApplication(Application[UUID]):
    """One tenant's log as an application of the library. Thread-safe."""

    name = "kept"

    def __init__(self, log: EventLog, states: States | None = None) -> None:
        self._log, self._states = log, states
        super().__init__()

    def load(self, kind: type[Aggregate], stream: UUID) -> Held:
        """The record's state as the log has it now; version 0 where no such one exists."""
        try:
            held: Held = self._repository.get(stream, projector_func=projector(kind))
        except Outlived:
            assert self._states is not None  # noqa: S101  the known state was one of these
            self._states.drop(stream)
            return self.load(kind, stream)
        return held

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Empty: a variable of somebody's shell must not change how the log is read."""
        return Environment(name)

    def construct_factory(self, env: Environment) -> LogFactory:
        return LogFactory(self._log, env)

    def construct_mapper(self) -> Mapper[UUID]:
        return self.factory.mapper()

    def construct_repository(self) -> Repository[UUID]:
        # Without the library's cache: it takes aggregates to be mutable, so with ours it would fold
        # everything since the first state that it was given, again and again.
        known = None if self._states is None else KnownStates(self._states)
        return Repository(self.events, snapshot_store=known)


@cache
def projector(kind: type[Aggregate]) -> Callable[[Any, Iterable[Any]], Any]:
    """What folds the events of one kind of aggregate, from a known state on if one comes first."""
    unborn = Held(kind(), 0)

    def project(_: Any, events: Iterable[Any]) -> Held:
        began = unborn
        state, version = unborn.state, 0
        for one in events:
            if type(one) is Held:
                began = one
                state, version = one.state, one.version
            elif issubclass(kind, one.event.AGGREGATE):
                if began is not unborn and type(one.event) is PersonalDataErased:
                    raise Outlived
                state = one.event.evolve(state)
                version += 1
            else:
                return unborn  # the id of something else
        return Held(state, version) if type(state) is kind else unborn

    return project
