"""What may be asked of a list, in a URL or in the body of a search, and the query that it means."""

from enum import Enum
from functools import cached_property
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from api.filters import LONGEST_TEXT, column_value, json_schema_of, whole_number, wrong
from api.parameters import MIN_POSITION_IN_QUERY, query
from api.problems import Problem
from domain.kernel import bare_type
from projections.kernel import Column, Projection, ReadModel
from store.lists import MAX_LIMIT, Query

DEFAULT_LIMIT: Final = 50
LONGEST_CURSOR: Final = 4_000
_BOUND: Final = {"type": "string", "maxLength": LONGEST_TEXT}
_LIMIT: Final = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
_CURSOR: Final = {"type": "string", "maxLength": LONGEST_CURSOR}
Plain = str | int | float | bool | None
Names = Annotated[str, Field(max_length=100)]


class Search(BaseModel):
    """A list asked for in a body, where personal columns may be filtered by."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    filters: dict[Names, Plain] = Field(default={}, max_length=10)
    """Equality by field; null finds what is empty."""
    custom: dict[Names, Plain | list[str]] = Field(default={}, max_length=10)
    """Equality by custom fields that are not personal."""
    custom_personal: dict[Names, Plain | list[str]] = Field(default={}, max_length=10)
    """Equality by personal custom fields."""
    search: str | None = Field(default=None, min_length=1, max_length=200)
    """Part of a text, such as two Chinese characters, of the fields that the list searches."""
    sort: Names | None = None
    """A field; with a minus before it, the greatest comes first."""
    since: Plain = None
    """The least value of the field that is sorted by."""
    until: Plain = None
    """The greatest value of the field that is sorted by."""
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(default=None, max_length=LONGEST_CURSOR)
    """From the page before; everything else stays as it was."""
    count: Literal["exact"] | None = None


class List:
    """One read model as a list."""

    def __init__(
        self, model: ReadModel, *, names: dict[str, str] | None = None, newest_first: bool = False
    ) -> None:
        self.model, self._newest_first = model, newest_first
        self.columns: dict[str, Column] = {one.name: one for one in model.columns()}
        self._shown_as = {column: name for name, column in (names or {}).items()}

    @property
    def has_records(self) -> bool:
        """Whether its rows are the records of an aggregate."""
        return isinstance(self.model, Projection) and self.model.aggregate is not None

    @property
    def noun(self) -> str:
        """One of its rows, in words."""
        if isinstance(self.model, Projection) and self.model.aggregate is not None:
            return self.model.aggregate.NOUN
        return "row"

    @cached_property
    def filters(self) -> dict[str, str]:
        """The column of every filter that some index serves, by the name that callers use."""
        columns = dict.fromkeys(name for one in self.model.serves for name in one.filters)
        return {self._shown_as.get(name, name): name for name in columns}

    @cached_property
    def sorts(self) -> list[str]:
        """Every way to sort."""
        fields = dict.fromkeys(one.sort for one in self.model.serves)
        return [f"{sign}{name}" for name in fields for sign in ("", "-")]

    @property
    def served(self) -> str:
        """Every list that an index serves, in the words of callers."""
        names = {column: name for name, column in self.filters.items()}
        lists = [
            f"{' and '.join(names[one] for one in serve.filters) or 'all'} by {serve.sort}"
            for serve in self.model.serves
        ]
        return "; ".join(lists)

    @property
    def known(self) -> list[str]:
        """The parameters that a URL may name, those included that it is told not to."""
        return [*dict.fromkeys((*self.in_url, *self.filters))]

    @cached_property
    def in_url(self) -> dict[str, dict[str, Any]]:
        """The parameters of the list, as OpenAPI describes them."""
        said = {
            name: query(name, self._schema(column), f"Only with this {name}; empty: only without.")
            for name, column in self.filters.items()
            if not self.columns[column].personal
        }
        kinds = {self.columns[one.sort].kind for one in self.model.serves}
        example = "2026-01-31" if kinds & {"date", "moment"} else None
        sort = {"type": "string", "enum": self.sorts}
        common = (
            query("sort", sort, "With a minus, the greatest first. Nulls come last."),
            query("since", _BOUND, "The least value of the field that is sorted by.", example),
            query("until", _BOUND, "The greatest value of the field that is sorted by.", example),
            query("limit", _LIMIT, "Rows on a page."),
            query("cursor", _CURSOR, "From the page before; everything else stays as it was."),
            query("count", {"type": "string", "enum": ["exact"]}, "Also count all pages' rows."),
            MIN_POSITION_IN_QUERY,
        )
        return said | {one["name"]: one for one in common}

    def of_url(self, given: dict[str, str], zone: ZoneInfo, **fixed: Any) -> Query:
        """The query that the parameters of a URL mean; ``fixed`` filters are by column.

        Raises:
            Problem: one is not valid, or personal.
        """
        filters = {name: given[name] for name in self.filters if name in given}
        sort, descending = self._sort(
            given.get("sort"), {*fixed, *(self.filters[name] for name in filters)}
        )
        personal = [name for name in filters if self.columns[self.filters[name]].personal]
        if {"since", "until"} & given.keys() and self.columns[sort].personal:
            personal.append("since" if "since" in given else "until")
        if personal:
            raise Problem.of_field(
                "unserved",
                personal[0],
                "is personal here, so it has no place in a URL. "
                f"Send it in the body of POST /v1/{self.model.name.replace('_', '-')}/search.",
            )
        limit = given.get("limit")
        if given.get("count", "exact") != "exact":
            raise wrong("count", "is no way to count. Give exact, or leave it out.")
        return Query(
            filters={**self._values(filters, zone), **fixed},
            **self._bounds(sort, given.get("since"), given.get("until"), zone),
            sort=sort,
            descending=descending,
            limit=DEFAULT_LIMIT if limit is None else whole_number("limit", limit, 1, MAX_LIMIT),
            cursor=given.get("cursor") or None,
            count="count" in given,
        )

    def of_body(self, body: bytes, zone: ZoneInfo) -> Query:
        """The query that the body of a search means.

        Raises:
            ValidationError: it is no search.
            Problem: a value in it is not valid.
        """
        asked = Search.model_validate_json(body)
        unknown = [name for name in asked.filters if name not in self.filters]
        if unknown:
            listed = ", ".join(self.filters) or "nothing"
            raise Problem(
                "unserved", f"filters: a field is given that no index serves. Served: {listed}."
            )
        custom = {"custom": asked.custom, "custom_personal": asked.custom_personal}
        by_text = asked.search is not None or any(custom.values())
        if by_text and (asked.since is not None or asked.until is not None):
            raise wrong("since", "does not go together with a search. Leave it out.")
        filters = self._values(asked.filters, zone)
        if by_text:
            sort, descending = ("id", False) if asked.sort is None else self._named(asked.sort)
        else:
            sort, descending = self._sort(asked.sort, {*filters})
        return Query(
            filters=filters,
            **self._bounds(sort, asked.since, asked.until, zone),
            custom={side: values for side, values in custom.items() if values},
            search=asked.search,
            sort=sort,
            descending=descending,
            limit=asked.limit,
            cursor=asked.cursor,
            count=asked.count is not None,
        )

    def _values(self, given: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
        for name, value in given.items():
            choices = self._choices(self.filters[name])
            if choices and value not in (None, "", *choices):
                raise wrong(name, f"is none of the choices. Give one of: {', '.join(choices)}.")
        return {
            self.filters[name]: column_value(name, self.columns[self.filters[name]], value, zone)
            for name, value in given.items()
        }

    def _bounds(self, sort: str, since: Any, until: Any, zone: ZoneInfo) -> dict[str, Any]:
        column = self.columns[sort]
        return {
            "since": column_value("since", column, since, zone),
            "until": column_value("until", column, until, zone, last=True),
        }

    def _sort(self, asked: str | None, filters: set[str]) -> tuple[str, bool]:
        """How the list is sorted, if an index serves it with these columns as filters."""
        serves = [one.sort for one in self.model.serves if {*one.filters} == filters]
        if asked is not None:
            name, descending = self._named(asked)
        else:
            name, descending = serves[0] if serves else "", self._newest_first
        if name not in serves:
            by = f" by {name}" if name else ""
            raise Problem("unserved", f"No index serves this list{by}. Served: {self.served}.")
        return name, descending

    def _named(self, asked: str) -> tuple[str, bool]:
        name = asked.removeprefix("-")
        if name not in self.columns:
            raise wrong(
                "sort", f"is no way to sort this list. Give one of: {', '.join(self.sorts)}."
            )
        return name, asked.startswith("-")

    def _schema(self, column: str) -> dict[str, Any]:
        return json_schema_of(self.columns[column], self._choices(column))

    def _choices(self, column: str) -> list[str] | None:
        """What the column may hold, where that is listed."""
        field = self.model.row.model_fields[self.columns[column].field]
        kind = bare_type(field.annotation)
        is_enum = isinstance(kind, type) and issubclass(kind, Enum)
        return [one.value for one in kind] if is_enum else None
