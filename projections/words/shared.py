"""The words that every kind of record needs."""

from typing import Final

from projections.words.kernel import both

LABELS: Final = both(
    owner_id=("owner", "负责人"),
    team_id=("team", "团队"),
    tags=("tags", "标签"),
    custom=("custom fields", "自定义字段"),
    custom_personal=("personal custom fields", "个人自定义字段"),
    source_system=("source system", "来源系统"),
    external_id=("external ID", "外部ID"),
    archived=("archived", "归档"),
    erased=("erased", "已擦除"),
    legal_holds=("legal holds", "法律保全"),
    hold_id=("legal hold", "法律保全"),
    merged_into_id=("record it was merged into", "并入的记录"),
    absorbed=("merged records", "已合并的记录"),
    absorbed_id=("merged record", "合并的记录"),
    brought=("contact points brought along", "带来的联系方式"),
    aggregate=("kind of record", "记录类型"),
    request_id=("request", "请求"),
    categories=("categories", "类别"),
    recipients=("recipients", "接收方"),
    recipient_id=("recipient", "接收方"),
    disclosure_id=("disclosure", "提供编号"),
    purpose=("purpose", "目的"),
    disclosed_on=("day of the disclosure", "提供日期"),
)

EVENTS: Final = both(
    ErasureBegun=("barred the record for an erasure", "因删除请求封锁了记录"),
    RecordHeld=("had the record kept by law", "依法保全了记录"),
    RecordReleased=("released the record from a hold", "解除了记录的保全"),
    DataDisclosed=("gave data of theirs to a recipient", "向接收方提供了其信息"),
    PersonalDataErased=("erased what it held about somebody", "擦除了其中的个人信息"),
)
"""What can happen to every kind of record."""

ROLES: Final = both(
    decision_maker=("decision maker", "决策人"),
    evaluator=("evaluator", "评估人"),
    influencer=("influencer", "影响人"),
    user=("user", "使用人"),
)
"""What a contact decides, at a customer or in a deal."""

CATEGORIES: Final = both(
    identity=("identity", "身份"),
    contact=("contact", "联系方式"),
    profile=("profile", "画像资料"),
    content=("content", "内容"),
    trace=("trace", "操作痕迹"),
)
"""Of personal data."""

VALUES: Final = {"categories": CATEGORIES}
"""By field, as every kind of record has it."""

LEVELS: Final = both(high=("high", "高"), medium=("medium", "中"), low=("low", "低"))

YES_NO: Final = {True: both(it=("yes", "是"))["it"], False: both(it=("no", "否"))["it"]}
