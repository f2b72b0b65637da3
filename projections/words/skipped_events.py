"""Skipped events in words."""

from typing import Final

from projections.words.kernel import Both, Words, both

WORDS: Final = Words(
    noun=Both("skipped events", "跳过的事件"),
    purpose_zh="在某一事件无法展示时仍能展示其记录。",
    events=both(
        EventSkipped=("let a read model go on without an event", "让读模型跳过了一个事件"),
    ),
    labels=both(
        skips=("skips", "跳过"),
        read_model=("read model", "读模型"),
        position=("position", "位置"),
        record_id=("record", "记录"),
    ),
)
