"""Opportunities in words."""

from typing import Final

from domain.pipelines import DEFAULT_STAGES
from projections.words.kernel import CHANGED, Both, Words, both
from projections.words.shared import ROLES

STAGES: Final = {
    stage.key: Both(stage.label.lower(), stage.label_zh or stage.label) for stage in DEFAULT_STAGES
}
"""Of the default pipeline; a company's own stages read as they are called."""

WORDS: Final = Words(
    noun=Both("deal", "商机"),
    purpose_zh="准备报价并与客户商定；销售预测。",
    events={
        "OpportunityChanged": CHANGED,
        **both(
            OpportunityOpened=("opened the deal", "创建了商机"),
            OpportunityMoved=("moved the deal", "推进了商机阶段"),
            OpportunityWon=("won the deal", "赢单"),
            OpportunityLost=("lost the deal", "输单"),
            OpportunityReopened=("reopened the deal", "重新打开了商机"),
            OpportunityContactLinked=("named a person in the deal", "关联了商机联系人"),
            OpportunityContactUnlinked=("took a person out of the deal", "移除了商机联系人"),
            OpportunityLinesSet=("set the products of the deal", "设定了商机产品"),
            OpportunityArchived=("archived the deal", "归档了商机"),
            OpportunityRestored=("restored the deal", "恢复了商机"),
        ),
    },
    labels=both(
        name=("name", "名称"),
        customer_id=("customer", "客户"),
        amount=("amount", "金额"),
        probability=("probability", "赢率"),
        expected_close_on=("expected close date", "预计成交日期"),
        forecast_category=("forecast category", "预测类别"),
        next_step=("next step", "下一步"),
        type=("type", "类型"),
        competitor=("competitor", "竞争对手"),
        lead_source=("source", "来源"),
        pipeline_id=("pipeline", "销售管道"),
        stage=("stage", "阶段"),
        last_open_stage=("last open stage", "最近的进行阶段"),
        status=("status", "状态"),
        contacts=("people in the deal", "相关联系人"),
        lines=("products", "产品明细"),
        original_close_on=("first expected close date", "最初预计成交日期"),
        slipped=("number of slips", "延期次数"),
        closed_on=("closing date", "成交日期"),
        loss_reason=("loss reason", "输单原因"),
        loss_notes=("notes on the loss", "输单说明"),
        reopened=("number of reopenings", "重新打开次数"),
        contact_id=("contact", "联系人"),
        role=("role", "决策角色"),
    ),
    values={
        "stage": STAGES,
        "last_open_stage": STAGES,
        "role": ROLES,
        "status": both(open=("open", "进行中"), won=("won", "赢单"), lost=("lost", "输单")),
        "type": both(new=("new", "新购"), renewal=("renewal", "续约"), upsell=("upsell", "增购")),
        "forecast_category": both(
            pipeline=("pipeline", "管道"),
            best_case=("best case", "乐观"),
            commit=("commit", "承诺"),
            closed=("closed", "已结束"),
        ),
        "loss_reason": both(
            price=("price", "价格"),
            competitor=("competitor", "竞争对手"),
            no_budget=("no budget", "没有预算"),
            no_decision=("no decision", "没有决定"),
            timing=("timing", "时机不对"),
            product_fit=("the product did not fit", "产品不匹配"),
            no_contact=("no contact any more", "失去联系"),
            duplicate=("duplicate", "重复"),
            other=("other", "其他"),
            not_recorded=("not recorded", "未记录"),
        ),
    },
)
