"""Consents in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("consent", "同意"),
    purpose_zh="了解并证明可以联系谁、以何种方式、出于何种目的。",
    events={
        "ConsentChanged": CHANGED,
        **both(
            ConsentRequested=(
                "recorded a consent that waits to be confirmed",
                "登记了待确认的同意",
            ),
            ConsentGranted=("recorded a lawful basis", "登记了合法依据"),
            ConsentConfirmed=("recorded that it was confirmed", "登记了同意的确认"),
            ConsentRenewed=("renewed the consent", "更新了同意"),
            ConsentRefused=("recorded a refusal", "登记了拒绝联系"),
            ConsentWithdrawn=("recorded that it was withdrawn", "登记了同意的撤回"),
            ConsentExpired=("recorded that its time was over", "登记了同意的到期"),
        ),
    },
    labels=both(
        contact_id=("contact", "联系人"),
        customer_id=("customer", "客户"),
        purpose=("purpose", "目的"),
        channel=("channel", "渠道"),
        direct_marketing=("direct marketing", "直接营销"),
        lawful_basis=("lawful basis", "合法依据"),
        captured_at=("moment of the act", "行为时间"),
        source=("source", "来源"),
        wording_version=("version of the wording", "文本版本"),
        evidence=("evidence", "证据"),
        valid_until=("end of validity", "有效期至"),
        status=("status", "状态"),
        double_opt_in=("double opt-in", "双重确认"),
        confirm_by=("end of the time to confirm", "确认截止时间"),
        confirmed_at=("moment of the confirmation", "确认时间"),
        confirmation=("confirmation", "确认方式"),
        withdrawal_reason=("reason of not contacting them", "停止联系原因"),
        withdrawn_at=("moment of the refusal", "撤回时间"),
        withdrawal_note=("note on the refusal", "撤回说明"),
        objected_at=("moment of the objection", "反对时间"),
    ),
    values={
        "status": both(
            pending=("waiting to be confirmed", "待确认"),
            granted=("granted", "已授予"),
            withdrawn=("withdrawn", "已撤回"),
            expired=("expired", "已到期"),
        ),
        "channel": both(
            email=("e-mail", "邮件"),
            phone=("phone", "电话"),
            sms=("text message", "短信"),
            post=("post", "邮寄"),
            messenger=("messenger", "即时通讯"),
            app=("app", "应用内"),
            none=("none", "无渠道"),
        ),
        "lawful_basis": both(
            consent=("consent", "同意"),
            contract=("contract", "合同"),
            legal_obligation=("legal obligation", "法定义务"),
            vital_interests=("vital interests", "重大利益"),
            public_task=("public task", "公共任务"),
            legitimate_interests=("legitimate interests", "正当利益"),
        ),
        "withdrawal_reason": both(
            unsubscribed=("unsubscribed", "退订"),
            bounced=("bounced", "退信"),
            asked=("asked", "本人要求"),
            objected=("objected", "反对"),
        ),
    },
)
