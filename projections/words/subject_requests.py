"""Data-subject requests in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("data-subject request", "个人信息主体请求"),
    events={
        "SubjectRequestChanged": CHANGED,
        **both(
            SubjectRequestReceived=("recorded the request", "登记了请求"),
            SubjectIdentified=("made sure who they are", "核实了身份"),
            SubjectRequestExtended=("put the answer off", "延长了答复期限"),
            SubjectRequestRefused=("refused the request", "拒绝了请求"),
            SubjectRequestWithdrawn=("recorded that it was withdrawn", "登记了请求的撤回"),
            SubjectRequestFulfilled=("answered the request", "完成了请求"),
            ErasureDecided=("decided the erasure", "决定了删除"),
            ErasureFenced=("barred whatever would be written of them", "封锁了后续写入"),
            ErasureDestroyed=("destroyed keys and data", "销毁了密钥和数据"),
            ErasureSwept=("folded the read models anew without them", "清理了读模型"),
        ),
    },
    labels=both(
        contact_id=("contact", "联系人"),
        customer_id=("customer", "客户"),
        user_id=("user", "用户"),
        kind=("kind", "类型"),
        received_on=("day it came in", "收到日期"),
        request_note=("what they asked for", "请求内容"),
        status=("status", "状态"),
        due_on=("day the answer is due", "答复期限"),
        identified_by=("means of identification", "身份核实方式"),
        identity_evidence=("evidence of identity", "身份证据"),
        months_more=("months put off", "延长月数"),
        extension_reason=("reason of the delay", "延长原因"),
        refusal_ground=("ground of the refusal", "拒绝理由"),
        refusal_note=("note on the refusal", "拒绝说明"),
        answer_note=("note on the answer", "答复说明"),
        categories=("categories erased", "删除的类别"),
        duties=("categories kept by law", "依法保留的类别"),
        subjects=("records of the person", "本人的记录"),
        destroyed_keys=("keys destroyed", "销毁的密钥数"),
        destroyed_rows=("rows destroyed", "销毁的数据行数"),
        touched_records=("records that held something", "涉及的记录数"),
        rebuilt_at=("position of the log", "日志位置"),
    ),
    values={
        "kind": both(
            access=("access", "查阅复制"),
            rectification=("rectification", "更正补充"),
            erasure=("erasure", "删除"),
            restriction=("restriction", "限制处理"),
            portability=("portability", "转移"),
            objection=("objection", "拒绝处理"),
        ),
        "status": both(
            received=("received", "已收到"),
            identified=("identified", "已核实身份"),
            decided=("decided", "已决定"),
            fenced=("fenced", "已封锁"),
            destroyed=("destroyed", "已销毁"),
            swept=("swept", "已清理"),
            fulfilled=("answered", "已完成"),
            refused=("refused", "已拒绝"),
            withdrawn=("withdrawn", "已撤回"),
        ),
        "identified_by": both(
            known_address=("answer from a known address", "已知地址确认"),
            signed_in=("signed in", "登录确认"),
            document=("document", "证件"),
            in_person=("in person", "当面核实"),
            representative=("representative", "代理人或近亲属"),
        ),
        "refusal_ground": both(
            not_identified=("not identified", "身份无法核实"),
            unfounded=("manifestly unfounded", "明显无理"),
            excessive=("excessive", "过度请求"),
            legal_duty=("legal duty to keep", "法定保存义务"),
            legal_claims=("legal claims", "法律主张所需"),
            others_rights=("rights of others", "影响他人权益"),
        ),
    },
)
