"""The seals of the read log in words."""

from typing import Final

from projections.words.kernel import Both, Words, both

WORDS: Final = Words(
    noun=Both("seal of reads", "读取日志封印"),
    purpose_zh="证明谁在何时读取了谁的个人信息。",
    events=both(
        ReadsSealed=("sealed reads", "封存了读取记录"),
        ReadsExpired=("gave up reads whose time was over", "清除了到期的读取记录"),
    ),
    labels=both(
        first=("first read", "首条读取"),
        last=("last read", "末条读取"),
        root=("root", "根哈希"),
        until=("read until", "读取截至"),
        expired=("expired", "已到期"),
        days=("days kept", "保留天数"),
    ),
)
