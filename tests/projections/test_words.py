"""The history in words: natural sentences in both languages, and no field without a label."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args
from uuid import UUID

import pytest

from domain import AGGREGATES
from domain.envelope import SYSTEM
from domain.erasure import OF_EVERY_KIND
from domain.kernel import Aggregate, bare_type
from projections.words import WORDS, label, links_of, name_of, words
from projections.words.facts import label_of
from projections.words.shared import EVENTS, LABELS

each_aggregate = pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.AGGREGATE)
ANNA = "01920000-0000-7000-8000-000000000001"
LI_NA = "01920000-0000-7000-8000-000000000002"
QUILL = "01920000-0000-7000-8000-000000000003"
NAMES = {ANNA: "Anna Keller", LI_NA: "李娜", QUILL: "Quillbrook Foods Ltd"}


def fields(aggregate: type[Aggregate]) -> Iterator[tuple[str, Any]]:
    """Every field of a kind of record, and those that only its events have."""
    for model in (aggregate, *OF_EVERY_KIND.values(), *aggregate.EVENTS.values()):
        for name, field in model.model_fields.items():
            yield name, bare_type(field.annotation)


def told(
    field: str,
    was: Any,
    now: Any,
    *,
    by: str = ANNA,
    of: str = "opportunities",
    event: str = "OpportunityChanged",
    **more: Any,
) -> tuple[str, str]:
    fact = {"actor": by, "aggregate": of, "type": event, "field": field, "from": was, "to": now}
    said = words(fact | more, NAMES)
    return said["en"], said["zh"]


# Nothing is left without words.


@each_aggregate
def test_every_field_has_a_label_in_both_languages(aggregate: type[Aggregate]) -> None:
    labels = WORDS[aggregate.AGGREGATE].labels
    unnamed = sorted({name for name, _ in fields(aggregate)} - {*labels, *LABELS})
    assert not unnamed, f"projections/words/{aggregate.AGGREGATE}.py lacks {', '.join(unnamed)}"
    dead = sorted(labels.keys() - {name for name, _ in fields(aggregate)})
    assert not dead, f"no event has {', '.join(dead)}"
    for name, _ in fields(aggregate):
        assert not label_of(WORDS[aggregate.AGGREGATE], name).zh.isascii() or name == "external_id"


@each_aggregate
def test_every_event_has_a_verb(aggregate: type[Aggregate]) -> None:
    assert WORDS[aggregate.AGGREGATE].events.keys() == aggregate.EVENTS.keys()
    assert EVENTS.keys() == OF_EVERY_KIND.keys()


@each_aggregate
def test_every_choice_has_its_words(aggregate: type[Aggregate]) -> None:
    for name, kind in fields(aggregate):
        inner = get_args(kind)[0] if get_args(kind) else kind
        if isinstance(inner, type) and issubclass(inner, Enum):
            known = WORDS[aggregate.AGGREGATE].values.get(name, {})
            missing = [one.value for one in inner if one.value not in known]
            assert not missing, f"{aggregate.AGGREGATE}.{name}: {', '.join(missing)}"


# Sentences.


def test_a_change_is_told_from_and_to() -> None:
    assert told(
        "amount",
        {"amount": "750.00", "currency": "EUR"},
        {"amount": "10000", "currency": "EUR"},
        reason="the customer takes two more.",
    ) == (
        "Anna Keller changed the amount from EUR 750.00 to EUR 10,000.00, "
        "because the customer takes two more.",
        "Anna Keller 将金额由 EUR 750.00 改为 EUR 10,000.00，原因：the customer takes two more。",
    )


def test_an_event_with_a_verb_tells_it_first() -> None:
    assert told(
        "stage", "negotiation", "won", event="OpportunityWon", by=LI_NA, reason="已签合同"
    ) == (
        "李娜 won the deal: stage from negotiation to won, because 已签合同.",
        "李娜赢单：阶段由谈判变为赢单，原因：已签合同。",
    )


def test_an_event_that_changed_no_field_is_told_by_its_verb() -> None:
    assert told("CustomerLocked", None, None, of="customers", event="CustomerLocked") == (
        "Anna Keller locked the customer to its owner.",
        "Anna Keller 锁定了客户。",
    )


def test_what_was_or_becomes_empty() -> None:
    assert told("competitor", None, "Fennel & Rook") == (
        "Anna Keller set the competitor to “Fennel & Rook”.",
        "Anna Keller 将竞争对手设为“Fennel & Rook”。",
    )
    assert told("competitor", "Fennel & Rook", None) == (
        "Anna Keller cleared the competitor, which was “Fennel & Rook”.",
        "Anna Keller 清空了竞争对手，原为“Fennel & Rook”。",
    )
    assert told("loss_reason", "price", None, event="OpportunityReopened") == (
        "Anna Keller reopened the deal: loss reason from price to empty.",
        "Anna Keller 重新打开了商机：输单原因由价格变为空。",
    )


@pytest.mark.parametrize(
    ("field", "value", "en", "zh"),
    [
        ("expected_close_on", "2026-03-02", "2 March 2026", "2026年3月2日"),
        ("probability", 80, "80 %", "80 %"),
        ("archived", True, "yes", "是"),
        ("archived", False, "no", "否"),
        ("owner_id", LI_NA, "李娜", "李娜"),
        ("owner_id", str(SYSTEM), str(SYSTEM), str(SYSTEM)),
        ("customer_id", QUILL, "Quillbrook Foods Ltd", "Quillbrook Foods Ltd"),
        ("amount", {"amount": "1200", "currency": "JPY"}, "JPY 1,200", "JPY 1,200"),
        ("amount", {"amount": "0.1234", "currency": "CNY"}, "CNY 0.1234", "CNY 0.1234"),
        ("tags", ["key account", "展会"], "“key account”, “展会”", "“key account”、“展会”"),
        ("custom.tier", "12.50", "“12.50”", "“12.50”"),
        ("slipped", 1200, "1,200", "1,200"),
        ("stage", "poc_in_the_lab", "“poc_in_the_lab”", "“poc_in_the_lab”"),
        (
            "contacts",
            [{"contact_id": LI_NA, "role": "decision_maker"}, {"contact_id": ANNA, "role": None}],
            "李娜 (decision maker), Anna Keller",
            "李娜（决策人）、Anna Keller",
        ),
        (
            "lines",
            [
                {
                    "product_id": QUILL,
                    "quantity": "3.0000",
                    "unit_price": {"amount": "5", "currency": "EUR"},
                    "discount": "10",
                }
            ],
            "3 × Quillbrook Foods Ltd at EUR 5.00 less 10 %",
            "3 × Quillbrook Foods Ltd，单价 EUR 5.00，折扣 10 %",
        ),
    ],
)
def test_values_in_words(field: str, value: Any, en: str, zh: str) -> None:
    said = told(field, None, value)
    assert said[0].endswith(f" to {en}.")
    assert said[1].endswith(f"设为{zh}。") or said[1].endswith(f"设为 {zh}。")


@pytest.mark.parametrize(
    ("aggregate", "field", "value", "en", "zh"),
    [
        (
            "customers",
            "billing_address",
            {"street": "4 Otter Lane", "city": "Fenwick", "region": None, "country": "GB"},
            "4 Otter Lane, Fenwick, GB",
            "4 Otter Lane, Fenwick, GB",
        ),
        (
            "products",
            "prices",
            [{"valid_from": "2026-01-01", "price": {"amount": "9", "currency": "EUR"}}],
            "EUR 9.00 from 1 January 2026",
            "2026年1月1日起 EUR 9.00",
        ),
        (
            "orders",
            "instalments",
            [{"due_on": "2026-03-31", "amount": {"amount": "9", "currency": "EUR"}}],
            "EUR 9.00 by 31 March 2026",
            "2026年3月31日前 EUR 9.00",
        ),
        (
            "orders",
            "payments",
            [{"on": "2026-03-31", "amount": {"amount": "9", "currency": "EUR"}}],
            "EUR 9.00 on 31 March 2026",
            "2026年3月31日 EUR 9.00",
        ),
        ("orders", "returns", [{"line": 2, "quantity": "3.0"}], "3 of line 2", "第 2 行 3 件"),
        (
            "quotes",
            "lines",
            [
                {
                    "product_id": QUILL,
                    "quantity": "1",
                    "unit_price": {"amount": "5", "currency": "EUR"},
                    "discount": "10",
                    "tax_rate": "13",
                }
            ],
            "1 × Quillbrook Foods Ltd at EUR 5.00 less 10 % plus 13 % tax",
            "1 × Quillbrook Foods Ltd，单价 EUR 5.00，折扣 10 %，税率 13 %",
        ),
        ("orders", "broken_rules", ["no_customer"], "no customer", "没有客户"),
        ("tickets", "reopen_until", "2026-03-02T09:30:00Z", "2 March 2026 09:30 UTC", None),
        ("tickets", "messages", [ANNA.replace("1", "9"), LI_NA.replace("2", "8")], "2", "2"),
        ("pipelines", "stages", [{"label": "Trial", "label_zh": "试用"}], "Trial", "试用"),
        ("custom_fields", "by_key", {"a": {"label": "Tier", "label_zh": None}}, "Tier", "Tier"),
        ("contacts", "brought", {ANNA: {"emails": ["a@example.com"], "phones": []}}, None, None),
        ("tickets", "body", "x" * 500, f"“{'x' * 200}…”", None),
    ],
)
def test_values_with_parts(
    aggregate: str, field: str, value: Any, en: str | None, zh: str | None
) -> None:
    said = told(field, None, value, of=aggregate, event="Unknown")
    assert en is None or said[0].endswith(f" to {en}.")
    assert zh is None or said[1].rstrip("。").endswith(zh)


def test_of_a_long_list_the_first_items_are_named() -> None:
    said = told("tags", None, [f"t{number}" for number in range(1_025)])
    assert said[0].endswith(" “t18”, “t19” and 1,005 more.")
    assert said[1].endswith("、“t18”、“t19”等，另有 1,005 项。")


def test_of_lists_the_difference_is_told() -> None:
    assert told("tags", ["a", "b"], ["b", "c"]) == (
        "Anna Keller added “c” to the tags and removed “a”.",
        "Anna Keller 为标签增加了“c”，去掉了“a”。",
    )
    assert told("tags", ["a"], ["a", "b"])[0] == "Anna Keller added “b” to the tags."
    assert told("tags", ["a", "b"], ["a"])[1] == "Anna Keller 从标签去掉了“b”。"
    assert told("tags", ["a", "b"], ["b", "a"])[0].startswith("Anna Keller changed the tags from")
    assert told("messages", [ANNA], [ANNA, LI_NA[:-1] + "9"], of="tickets")[0].startswith(
        "Anna Keller added "
    )


def test_what_is_erased_or_masked_says_so_and_nothing_else() -> None:
    assert told("next_step", None, None, erased=["from"]) == (
        "Anna Keller cleared the next step, which was erased.",
        "Anna Keller 清空了下一步，原为已擦除。",
    )
    assert told("next_step", None, None, erased=["from", "to"])[0] == (
        "Anna Keller changed the next step from erased to erased."
    )
    assert told("next_step", None, None, masked=True) == (
        "Anna Keller changed the next step (hidden).",
        "Anna Keller 修改了下一步（不可见）。",
    )
    assert told("name", None, None, masked=True, event="OpportunityOpened") == (
        "Anna Keller opened the deal: name (hidden).",
        "Anna Keller 创建了商机：名称（不可见）。",
    )


def test_both_times_are_told_where_they_differ_and_the_source_where_no_person_was() -> None:
    late = {"occurred_at": "2026-02-27T08:05:00Z", "recorded_at": "2026-03-02T01:30:00.5Z"}
    assert told("level", "B", "A", of="customers", event="CustomerChanged", **late) == (
        "Anna Keller changed the level from B to A "
        "(on 27 February 2026 08:05 UTC, recorded on 2 March 2026 01:30 UTC).",
        "Anna Keller 将级别由 B 改为 A"
        "（发生于 2026年2月27日 08:05 UTC，记录于 2026年3月2日 01:30 UTC）。",
    )
    now = {"occurred_at": "2026-03-02T01:30:00Z", "recorded_at": "2026-03-02T01:30:00.5Z"}
    source = {"source": "import", "client": "maven-crm"}
    assert told("probability", 10, 20, by=str(SYSTEM), **now, **source) == (
        "Kept changed the probability from 10 % to 20 % (import maven-crm).",
        "Kept 将赢率由 10 % 改为 20 %（导入 maven-crm）。",
    )


def test_who_is_not_known_is_told_by_id() -> None:
    stranger = "01920000-0000-7000-8000-00000000000f"
    assert told("probability", 10, 20, by=stranger)[0].startswith(f"user {stranger} changed")
    assert told("probability", 10, 20, by=stranger, actor_name="Mo")[0].startswith("Mo changed")


# What sentences need to know of other records.


def test_links_of_a_fact() -> None:
    fact = {"aggregate": "opportunities", "field": "lines", "from": None}
    assert [*links_of(fact | {"to": [{"product_id": QUILL}]})] == [("products", UUID(QUILL))]
    fact = {"aggregate": "tickets", "field": "parent_id", "from": ANNA, "to": LI_NA}
    assert [*links_of(fact)] == [("tickets", UUID(ANNA)), ("tickets", UUID(LI_NA))]
    fact = {"aggregate": "customers", "field": "primary_contact_id", "from": None, "to": ANNA}
    assert [*links_of(fact)] == [("contacts", UUID(ANNA))]
    assert not [
        *links_of({"aggregate": "tickets", "field": "message_id", "from": None, "to": ANNA})
    ]


def test_names_of_records() -> None:
    assert name_of({"family_name": "Keller", "given_name": "Anna"}) == "Anna Keller"
    assert name_of({"family_name": "李", "given_name": "娜"}) == "李娜"
    assert name_of({"family_name": "Keller", "number": "P-1"}) == "Keller"
    assert name_of({"number": "C-7"}) == "C-7"
    assert name_of({}) is None


def test_custom_fields_are_called_as_they_were_declared() -> None:
    declared = {"tier": {"label": "Tier", "label_zh": "客户等级"}, "plain": {"label": "Plain"}}
    assert label("customers", "custom.tier", declared) == {"en": "Tier", "zh": "客户等级"}
    assert label("customers", "custom.plain", declared)["zh"] == "Plain"
    assert label("customers", "custom.old_one", {}) == {"en": "old one", "zh": "old one"}
    assert label("customers", "owner_id", {}) == {"en": "owner", "zh": "负责人"}
    said = told("custom.tier", "A", "B", label={"en": "Tier", "zh": "客户等级"})
    assert said[1] == "Anna Keller 将客户等级由“A”改为“B”。"
