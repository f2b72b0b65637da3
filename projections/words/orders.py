"""Orders in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

_EVENTS: Final = both(
    OrderDrafted=("drafted the order", "起草了订单"),
    OrderRecorded=("recorded the order from another system", "记录了来自其他系统的订单"),
    OrderLinesRecorded=("recorded more lines of the order", "记录了更多订单明细"),
    OrderLinesSet=("set the lines of the order", "设定了订单明细"),
    OrderSubmitted=("handed the order in for approval", "提交了订单审批"),
    OrderSentBack=("sent the order back to its draft", "退回了订单"),
    OrderConfirmed=("confirmed the order", "使订单生效"),
    OrderCompleted=("completed the order", "完成了订单"),
    OrderCancelled=("cancelled the order", "作废了订单"),
    OrderReceivablesPlanned=("planned the receivables", "制定了回款计划"),
    OrderPaymentRecorded=("recorded a payment", "记录了回款"),
    OrderRefundRecorded=("recorded a refund", "记录了退款"),
    OrderLinesReturned=("recorded a return", "记录了退货"),
    OrderArchived=("archived the order", "归档了订单"),
    OrderRestored=("restored the order", "恢复了订单"),
)

WORDS: Final = Words(
    noun=Both("order", "订单"),
    purpose_zh="履行客户订单：交付、收款与退货。",
    events={"OrderChanged": CHANGED, **_EVENTS},
    labels=both(
        customer_id=("customer", "客户"),
        quote_id=("quote", "报价单"),
        ordered_on=("order date", "订单日期"),
        country=("country", "国家"),
        billing_address=("billing address", "账单地址"),
        shipping_address=("shipping address", "收货地址"),
        payment_terms=("payment terms", "付款条件"),
        note=("note", "备注"),
        status=("status", "状态"),
        type=("type", "类型"),
        currency=("currency", "币种"),
        lines=("lines", "订单明细"),
        returns=("returns", "退货"),
        returned_on=("day of the return", "退货日期"),
        instalments=("receivable plan", "回款计划"),
        payments=("payments", "回款"),
        refunds=("refunds", "退款"),
        amount=("amount", "金额"),
        paid_on=("day of the payment", "回款日期"),
        refunded_on=("day of the refund", "退款日期"),
        reference=("reference", "流水备注"),
        remark=("remark", "说明"),
        paid_elsewhere=("payments kept by another system", "由其他系统管理回款"),
        cancellation_reason=("reason for the cancellation", "作废原因"),
        broken_rules=("broken rules", "违反的规则"),
    ),
    values={
        "status": both(
            draft=("draft", "草稿"),
            pending_approval=("pending approval", "待审核"),
            confirmed=("confirmed", "生效"),
            completed=("completed", "完成"),
            cancelled=("cancelled", "作废"),
        ),
        "type": both(sale=("sale", "销售"), credit=("credit", "贷项")),
        "broken_rules": both(
            no_customer=("no customer", "没有客户"),
            negative_quantity=("a quantity below zero", "数量为负"),
            negative_price=("a price below zero", "价格为负"),
        ),
    },
)
