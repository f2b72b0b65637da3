"""What other systems say of tickets, in words."""

from typing import Final

from projections.words.kernel import both

SOURCE_LABELS: Final = both(
    made_sla=("service level met", "是否满足服务级别"),
    source_active=("active in the source", "来源中有效"),
    source_resolved_by=("resolved in the source by", "来源解决人"),
    source_resolved_at=("resolved in the source at", "来源解决时间"),
    source_closed_at=("closed in the source at", "来源关闭时间"),
    source_caller=("caller in the source", "来源报告人"),
    source_opened_by=("opened in the source by", "来源创建人"),
    source_created_by=("created in the source by", "来源录入人"),
    source_assignee=("assignee in the source", "来源处理人"),
    source_opened_at=("opened in the source at", "来源创建时间"),
    source_created_at=("created in the source at", "来源录入时间"),
    source_reassignments=("reassignments in the source", "来源转派次数"),
    source_changed_by=("changed in the source by", "来源修改人"),
    source_state=("state in the source", "来源状态"),
    previous_source_state=("state before in the source", "来源前一状态"),
    source_sequence=("number of the transition", "状态变化序号"),
    change_sequence=("number of the change", "修改序号"),
    priority_confirmed=("priority confirmed", "优先级已确认"),
    knowledge=("knowledge article", "知识库文章"),
    notify=("notification", "通知方式"),
    broken_rule=("broken rule", "违反的规则"),
    reopened=("reopened", "重开"),
)
SOURCE_VALUES: Final = {
    "broken_rule": both(
        unknown_state=("unknown state", "未知状态"),
        did_not_start_new=("did not start as new", "未从新建开始"),
        closed_is_final=("closed is final", "关闭后不可更改"),
        reopened_after_window=("reopened after the window", "超过期限后重开"),
        back_to_new=("back to new", "退回新建"),
        skipped_open=("skipped open", "跳过处理中"),
        skipped_resolved=("skipped resolved", "跳过已解决"),
        gap_in_history=("gap in the history", "历史记录有缺口"),
    ),
}
