"""Recipients in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("recipient", "接收方"),
    purpose_zh="了解个人信息提供给谁，并将变更通知对方。",
    events={
        "RecipientChanged": CHANGED,
        **both(
            RecipientRegistered=("registered the recipient", "登记了接收方"),
            RecipientEnded=("ended giving them anything", "终止了提供"),
            DisclosureRecorded=("recorded a disclosure to them", "登记了对其的提供"),
        ),
    },
    labels=both(
        name=("name", "名称"),
        role=("role", "角色"),
        country=("country", "国家或地区"),
        safeguards=("safeguards of the transfer", "出境保障措施"),
        safeguards_reference=("reference of the safeguards", "保障措施编号"),
        notice_contact=("contact for notices", "通知联系人"),
        notice_email=("e-mail address for notices", "通知邮箱"),
        notice_phone=("phone number for notices", "通知电话"),
        categories=("data categories", "信息类别"),
        purposes=("purposes", "目的"),
        contract_on=("day of the contract", "合同日期"),
        status=("status", "状态"),
        ended_on=("last day", "终止日期"),
        people=("number of people", "涉及人数"),
    ),
    values={
        "role": both(
            processor=("processor", "受托人"),
            controller=("controller", "处理者"),
            joint_controller=("joint controller", "共同处理者"),
            authority=("authority", "主管机关"),
        ),
        "safeguards": both(
            adequacy=("adequacy decision", "充分性认定"),
            standard_clauses=("standard contractual clauses", "欧盟标准合同条款"),
            binding_rules=("binding corporate rules", "有约束力的公司规则"),
            derogation=("derogation", "例外情形"),
            security_assessment=("security assessment", "安全评估"),
            certification=("certification", "个人信息保护认证"),
            standard_contract=("standard contract (PIPL)", "个人信息出境标准合同"),
        ),
        "status": both(active=("active", "有效"), ended=("ended", "已终止")),
    },
)
