"""Legal holds in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("legal hold", "法律保全"),
    purpose_zh="在法律或法院要求的期间内保存应当保存的信息。",
    events={
        "LegalHoldChanged": CHANGED,
        **both(
            LegalHoldPlaced=("placed the hold", "设置了法律保全"),
            LegalHoldLifted=("lifted the hold", "解除了法律保全"),
        ),
    },
    labels=both(
        contact_id=("contact", "联系人"),
        customer_id=("customer", "客户"),
        user_id=("user", "用户"),
        law=("law", "法律依据"),
        matter=("matter", "事由"),
        approved_by_id=("approver", "批准人"),
        expires_on=("last day", "截止日期"),
        status=("status", "状态"),
        lifting_reason=("reason of lifting it", "解除原因"),
    ),
    values={
        "status": both(in_force=("in force", "生效中"), lifted=("lifted", "已解除")),
    },
)
