"""The peer over HTTP: a plain FastAPI and SQLAlchemy application that inserts and updates a
customer.

It keeps one table and no history, checks types only, encrypts nothing, and asks for no key. An
update is one statement. Both variants are as their documentation shows them: ``def`` with a
session, ``async def`` with an async session, each over a pool of 32 connections.
"""

from typing import Any, ClassVar
from uuid import UUID, uuid4

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import Engine, Text, create_engine, make_url, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from benchmarks.server import superuser_url

POOL = 32


class CustomerFields(BaseModel):
    """What is sent; in an update only what changes."""

    name: str | None = None
    kind: str | None = None
    type: str | None = None
    industry: str | None = None
    level: str | None = None
    size: int | None = None
    annual_revenue: dict[str, str] | None = None
    website: str | None = None
    phones: list[str] | None = None
    emails: list[str] | None = None
    billing_address: dict[str, str] | None = None
    lead_source: str | None = None
    note: str | None = None


class Base(DeclarativeBase):
    """The tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, str]: JSONB, list[str]: ARRAY(Text)}


class Customer(Base):
    """The one table."""

    __tablename__ = "plain_customers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str | None]
    kind: Mapped[str | None]
    type: Mapped[str | None]
    industry: Mapped[str | None]
    level: Mapped[str | None]
    size: Mapped[int | None]
    annual_revenue: Mapped[dict[str, str] | None]
    website: Mapped[str | None]
    phones: Mapped[list[str] | None]
    emails: Mapped[list[str] | None]
    billing_address: Mapped[dict[str, str] | None]
    lead_source: Mapped[str | None]
    note: Mapped[str | None]


class Stored(BaseModel):
    """What is answered."""

    id: UUID


def create_table() -> None:
    """Make the table."""
    engine = _engine()
    Base.metadata.create_all(engine)
    engine.dispose()


def sync_app() -> FastAPI:
    """Endpoints in threads, one session a request."""
    app = FastAPI()
    sessions = sessionmaker(_engine())

    @app.post("/customers", status_code=201)
    def create(fields: CustomerFields) -> Stored:
        with sessions.begin() as session:
            return Stored(id=_insert(session, fields))

    @app.patch("/customers/{customer_id}")
    def change(customer_id: UUID, fields: CustomerFields) -> Stored:
        with sessions.begin() as session:
            session.execute(_update(customer_id, fields))
        return Stored(id=customer_id)

    return app


def async_app() -> FastAPI:
    """Endpoints on the event loop, one session a request."""
    app = FastAPI()
    engine = create_async_engine(_url(), pool_size=POOL, max_overflow=0)
    sessions = async_sessionmaker(engine)

    @app.post("/customers", status_code=201)
    async def create(fields: CustomerFields) -> Stored:
        async with sessions.begin() as session:
            return Stored(id=await _insert_async(session, fields))

    @app.patch("/customers/{customer_id}")
    async def change(customer_id: UUID, fields: CustomerFields) -> Stored:
        async with sessions.begin() as session:
            await session.execute(_update(customer_id, fields))
        return Stored(id=customer_id)

    return app


def _url() -> str:
    url = make_url(superuser_url()).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def _engine() -> Engine:
    return create_engine(_url(), pool_size=POOL, max_overflow=0)


def _insert(session: Session, fields: CustomerFields) -> UUID:
    customer = Customer(**fields.model_dump())
    session.add(customer)
    session.flush()
    return customer.id


async def _insert_async(session: AsyncSession, fields: CustomerFields) -> UUID:
    customer = Customer(**fields.model_dump())
    session.add(customer)
    await session.flush()
    return customer.id


def _update(customer_id: UUID, fields: CustomerFields) -> Any:
    changed = fields.model_dump(exclude_unset=True)
    return update(Customer).where(Customer.id == customer_id).values(**changed)
