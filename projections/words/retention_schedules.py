"""Retention schedules in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("retention schedule", "保存期限规则"),
    purpose_zh="个人信息的保存期限为实现处理目的所必要的最短时间，并予以证明。",
    events={
        "RetentionScheduleChanged": CHANGED,
        **both(
            RetentionScheduleProposed=("proposed the schedule", "提出了保存期限规则"),
            RetentionSchedulePutInForce=("put the schedule in force", "使规则生效"),
            RetentionScheduleWithdrawn=("withdrew the schedule", "撤销了规则"),
            RetentionReviewed=("looked at a record, and keeps it", "复核后决定继续保存"),
        ),
    },
    labels=both(
        kind=("kind of record", "记录类型"),
        category=("category", "信息类别"),
        trigger=("beginning of the period", "起算事件"),
        duration=("period", "期限"),
        law=("law", "法律依据"),
        action=("what happens then", "届满处理"),
        note=("note", "备注"),
        status=("status", "状态"),
        author_user_id=("author", "起草人"),
        written_by=("authors", "起草人"),
        withdrawal_reason=("reason of withdrawing it", "撤销原因"),
        record_id=("record", "记录"),
        kept_until=("last day it is kept", "保存至"),
        review_reason=("reason of keeping it", "继续保存的理由"),
    ),
    values={
        "kind": both(
            contacts=("contacts", "联系人"),
            customers=("customers", "客户"),
            users=("users", "用户"),
        ),
        "trigger": both(
            created=("creation", "创建"),
            last_activity=("last activity", "最近活动"),
            relationship_ended=("end of the relationship", "关系终止"),
        ),
        "action": both(erase=("erasure", "删除"), review=("review", "复核")),
        "status": both(
            draft=("draft", "草案"),
            in_force=("in force", "生效中"),
            withdrawn=("withdrawn", "已撤销"),
        ),
    },
)
