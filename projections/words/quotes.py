"""Quotes in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("quote", "报价单"),
    purpose_zh="向客户报价，并证明报价内容。",
    events={
        "QuoteChanged": CHANGED,
        **both(
            QuoteDrafted=("drafted the quote", "起草了报价单"),
            QuoteLinesSet=("set the lines of the quote", "设定了报价明细"),
            QuoteSubmitted=("handed the quote in for review", "提交了报价单审批"),
            QuoteSentBack=("sent the quote back to its draft", "退回了报价单"),
            QuoteSent=("sent the quote", "发送了报价单"),
            QuoteAccepted=("recorded that the quote was accepted", "记录了客户接受报价"),
            QuoteRejected=("recorded that the quote was rejected", "记录了客户拒绝报价"),
            QuoteExpired=("recorded that the quote expired", "记录了报价单过期"),
            QuoteSuperseded=("superseded the quote by a revision", "以新版本取代了报价单"),
            QuoteArchived=("archived the quote", "归档了报价单"),
            QuoteRestored=("restored the quote", "恢复了报价单"),
        ),
    },
    labels=both(
        customer_id=("customer", "客户"),
        opportunity_id=("deal", "商机"),
        valid_until=("last day of validity", "有效期至"),
        terms=("terms", "条款"),
        status=("status", "状态"),
        currency=("currency", "币种"),
        lines=("lines", "报价明细"),
        revision=("version", "版本"),
        revises_id=("quote before", "原报价单"),
        superseded_by_id=("quote that took its place", "取代它的报价单"),
        order_id=("order", "订单"),
        decided_on=("day of the decision", "决定日期"),
        rejection_reason=("reason for the rejection", "拒绝原因"),
        remark=("remark", "备注"),
    ),
    values={
        "status": both(
            draft=("draft", "草稿"),
            in_review=("in review", "审批中"),
            sent=("sent", "已发送"),
            accepted=("accepted", "已接受"),
            rejected=("rejected", "已拒绝"),
            expired=("expired", "已过期"),
            superseded=("superseded", "已取代"),
        ),
    },
)
