"""What the doors work with: one tenant's log, dispatcher, read models and gate, put together."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import commands
from api.dating import Dating
from api.envelopes import system_envelope
from api.erasing import Erasures
from api.sealing import Sealer
from api.snapshots import Snapshots
from commands.dispatcher import Dispatcher, Order
from commands.kernel import Command
from commands.pipelines import DefinePipeline
from domain.pipelines import DEFAULT_PIPELINE, DEFAULT_STAGES
from projections import DERIVED, PROJECTIONS
from projections.analytics.engine import Analytics, Postgres
from projections.gate import Gate
from projections.preparing import prepare
from projections.runner import Runner
from store import read_models, tenants
from store.api_keys import ApiKeys
from store.database import Database, home, open_database
from store.dated_copies import DatedCopy
from store.epoch_keys import EpochKeyFiles
from store.event_log import EventLog, Receipt
from store.forgetting import Forgetting
from store.keys import KeyStore
from store.read_log import ReadLog
from store.read_ranges import ReadRanges
from store.signals import Listener, Notifier
from store.suppressions import Suppressions
from store.tenants import Tenant
from store.transparency.cosigning import Cosigner, configured
from store.transparency.followers import Follower
from store.transparency.integrator import Integrator
from store.transparency.proofs import Transparency
from store.transparency.signing import SigningKeys
from store.transparency.timestamps import Authority, Stamper

assert commands.MODULES  # noqa: S101  importing them registers every command


@dataclass
class Services:
    """One tenant, ready to use. Close it to let the last commits through."""

    database: Database
    tenant: Tenant
    log: EventLog
    dispatcher: Dispatcher
    runner: Runner
    gate: Gate
    read_log: ReadLog
    api_keys: ApiKeys
    notifier: Notifier
    suppressions: Suppressions
    integrator: Integrator
    transparency: Transparency
    read_ranges: ReadRanges
    sealer: Sealer
    followers: tuple[Follower, ...]
    """What happens to each checkpoint: it is witnessed and stamped."""
    forgetting: Forgetting
    erasures: Erasures = field(init=False)
    dating: Dating = field(init=False)
    analytics: Analytics = field(init=False)
    snapshots: Snapshots = field(init=False)
    _integrator_thread: threading.Thread | None = field(default=None, repr=False)
    _runner_thread: threading.Thread | None = field(default=None, repr=False)
    _listener: Listener | None = field(default=None, repr=False)

    @classmethod
    def open(cls, database: Database, name: str = tenants.DEFAULT, **limits: int) -> Self:
        """Open a tenant. If the database is one from before an erasure, that is done again first.

        Raises:
            TenantError: there is none of this name.
            WrongEpochKey: its epoch key is missing or another.
        """
        tenant = tenants.find(database, name)
        keys = KeyStore(database, tenant, EpochKeyFiles(home() / "epochs"))
        log = EventLog(database, tenant, keys, **limits)
        signing = SigningKeys(database, tenant)
        dispatcher = Dispatcher(log)
        read_log, ranges = ReadLog(log), ReadRanges(log)
        gate = Gate(log, read_log, PROJECTIONS, DERIVED)
        services = cls(
            database,
            tenant,
            log,
            dispatcher,
            Runner(log, PROJECTIONS, DERIVED),
            gate,
            read_log,
            ApiKeys(database, tenant),
            Notifier(log),
            Suppressions(log),
            Integrator(log, signing),
            Transparency(log, signing),
            ranges,
            Sealer(dispatcher, gate, read_log, ranges, system_envelope),
            (Cosigner(log, configured()), Stamper(log, Authority.configured())),
            Forgetting(log, dispatcher.forget, keys.forget, read_models.forget),
        )
        try:
            services.erasures.repeat()
        except BaseException:
            services.close()
            raise
        return services

    def __post_init__(self) -> None:
        self.erasures = Erasures(self)
        self.dating = Dating(self.log)
        self.analytics = Analytics(Postgres(self.database, self.tenant))
        self.snapshots = Snapshots(self)

    def start_runner(self) -> None:
        """Keep the read models current, and the tree, in threads of this process; make read models
        that are missing.
        """
        if self._runner_thread is not None:
            return
        prepare(self.log, PROJECTIONS, DERIVED)
        self._runner_thread = threading.Thread(
            target=self.runner.run, name="kept-runner", daemon=True
        )
        self._runner_thread.start()
        self._integrator_thread = threading.Thread(
            target=self.integrator.run, name="kept-integrator", daemon=True
        )
        self._integrator_thread.start()
        for follower in self.followers:
            self.integrator.on_checkpoint(follower.hear)
            follower.start()
        self._listener = Listener(self.log, self._wake)
        self.suppressions.start()
        self.forgetting.start()
        self.sealer.start()

    @property
    def is_running(self) -> bool:
        """Whether what was started still runs; the runner's thread ends only when it is stopped."""
        return self._runner_thread is None or self._runner_thread.is_alive()

    def close(self) -> None:
        """Stop what runs and let the last commits through; the database stays open."""
        self.erasures.close()
        self.dating.close()
        self.snapshots.close()
        self.sealer.close()
        if self._runner_thread is not None and self._integrator_thread is not None:
            self.runner.stop()
            self.integrator.stop()
            self._runner_thread.join()
            self._integrator_thread.join()
        for follower in self.followers:
            follower.close()
        self.suppressions.close()
        self.forgetting.close()
        self.runner.close()
        if self._listener is not None:
            self._listener.close()
        self.read_log.close()
        self.log.close()
        self.notifier.close()

    def _wake(self) -> None:
        self.runner.wake()
        self.integrator.wake()

    def figures(self, copy: DatedCopy | None = None) -> Analytics:
        """What figures are asked of: the live read models, or a dated copy of them."""
        if copy is None:
            return self.analytics
        return Analytics(Postgres(self.database, self.tenant, copy))

    def issue(self, command: Command, stream: UUID | None = None, **envelope: Any) -> Receipt:
        """Issue a command as Kept itself."""
        return self.dispatcher.dispatch(Order(command, system_envelope(**envelope), stream))


def create_tenant(database: Database, name: str, time_zone: str = "UTC") -> None:
    """Make a tenant with its read models and its default pipeline.

    Raises:
        TenantError: the name is taken or cannot be one.
    """
    tenants.create(database, name, time_zone)
    services = Services.open(database, name)
    try:
        prepare(services.log, PROJECTIONS, DERIVED)
        services.issue(DefinePipeline(name="Sales", stages=DEFAULT_STAGES), stream=DEFAULT_PIPELINE)
    finally:
        services.close()


def open_default(directory: Path | None = None) -> Database:
    """The database, with the default tenant made if there is none yet."""
    database = open_database(directory)
    known = tenants.names(database)
    if tenants.DEFAULT not in known:
        with suppress(tenants.TenantError):  # another process was first
            create_tenant(database, tenants.DEFAULT)
    return database
