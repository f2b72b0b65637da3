"""SLA policies in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("SLA policy", "服务级别协议"),
    purpose_zh="约定答复客户的期限。",
    events={
        "SlaPolicyChanged": CHANGED,
        **both(
            SlaPolicyDefined=("defined the SLA policy", "定义了服务级别协议"),
            SlaPolicyArchived=("archived the SLA policy", "归档了服务级别协议"),
            SlaPolicyRestored=("restored the SLA policy", "恢复了服务级别协议"),
        ),
    },
    labels=both(
        name=("name", "名称"),
        targets=("targets", "目标时限"),
        time_zone=("time zone", "时区"),
        business_hours=("business hours", "营业时间"),
        holidays=("holidays", "节假日"),
        pauses=("what pauses the clocks", "暂停计时的等待对象"),
        in_force_from=("in force from", "生效时间"),
        revisions=("revisions", "版本"),
    ),
    values={
        "pauses": both(customer=("the customer", "客户"), third_party=("a third party", "第三方")),
    },
)
