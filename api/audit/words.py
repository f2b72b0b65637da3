"""What an audit trail to be read says beside the facts, in English and Chinese."""

from typing import Final

from projections.words.kernel import both

WORDS: Final = both(
    title=("Audit trail", "审计追踪"),
    tenant=("Tenant", "租户"),
    made_at=("Made at", "制作时间"),
    made_by=("Asked for by", "申请人"),
    purpose=("Purpose", "目的"),
    since=("From", "起"),
    until=("Up to", "止"),
    id=("Record", "记录"),
    actor=("By", "操作人"),
    fields=("Field", "字段"),
    source=("Through", "渠道"),
    all=("all", "全部"),
    times=("All times are in UTC.", "所有时间均为协调世界时（UTC）。"),
    proof=("Proof", "证明"),
    rows=("{count} changes.", "共 {count} 项变更。"),
    proved=(
        "Each change is of an entry of a log that can only grow. All of them are proved under this "
        "checkpoint of the log:",
        "每项变更均属于只增日志中的条目，全部由该日志的以下检查点证明：",
    ),
    origin=("Origin", "来源"),
    size=("Size", "大小"),
    root=("Root", "根哈希"),
    check=(
        "The archive that this came in holds the proofs and a manifest that the log's key signed. "
        "Anybody can check it, without a database, with: kept verify --bundle FILE.zip. It names "
        "the checkpoint's origin; compare the root with one that a witness signed.",
        "所附压缩包含有证明以及由日志密钥签名的清单。任何人无需数据库即可用以下命令核验："
        "kept verify --bundle FILE.zip。命令会显示检查点的来源；根哈希可与见证人签名的比对。",
    ),
)
COLUMNS: Final = both(
    position=("Entry", "条目"),
    occurred_at=("When it was so, when it was recorded", "发生时间、记录时间"),
    actor=("Who", "操作人"),
    number=("Record", "记录"),
    label=("Field", "字段"),
    change=("From → to", "由 → 至"),
    reason=("Reason", "原因"),
    source=("Source", "渠道"),
)
PURPOSES: Final = both(
    sales=("sales", "销售"),
    service=("service", "客服"),
    marketing=("marketing", "市场"),
    administration=("administration", "管理"),
    analytics=("analytics", "分析"),
    audit=("audit", "审计"),
    legal_duty=("a legal duty", "法定义务"),
    data_subject_request=("a request of a data subject", "个人信息主体请求"),
    security=("security", "安全"),
)
"""By :class:`domain.reading.Purpose`, with ``_`` for ``-``."""
