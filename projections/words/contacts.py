"""Contacts in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both
from projections.words.shared import ROLES

WORDS: Final = Words(
    noun=Both("contact", "联系人"),
    purpose_zh="在对方允许的范围内联系代表客户的人员。",
    events={
        "ContactChanged": CHANGED,
        **both(
            ContactRegistered=("registered the contact", "登记了联系人"),
            ContactLinked=("linked the contact to a customer", "将联系人关联到客户"),
            ContactRoleChanged=(
                "changed the contact's role at a customer",
                "修改了联系人的决策角色",
            ),
            ContactUnlinked=("took the contact away from a customer", "解除了联系人与客户的关联"),
            ContactLeft=("marked that the contact left the company", "将联系人标记为离职"),
            ContactReactivated=("marked that the contact is there again", "将联系人恢复为在职"),
            ContactRestricted=("restricted the contact's data", "限制了联系人数据的处理"),
            ContactUnrestricted=("lifted the restriction", "解除了处理限制"),
            ContactMerged=("merged the contact into another", "将联系人并入另一联系人"),
            ContactUnmerged=("took the contact out of the merge", "撤销了联系人的并入"),
            ContactAbsorbed=("merged another contact into this one", "并入了另一联系人"),
            ContactReturned=("took a merged contact out again", "拆出了已合并的联系人"),
            ContactArchived=("archived the contact", "归档了联系人"),
            ContactRestored=("restored the contact", "恢复了联系人"),
        ),
    },
    labels=both(
        family_name=("family name", "姓"),
        given_name=("given name", "名"),
        salutation=("salutation", "称谓"),
        title=("job title", "职务"),
        department=("department", "部门"),
        emails=("e-mail addresses", "邮箱"),
        phones=("phone numbers", "电话"),
        do_not_call=("do-not-call flag", "谢绝来电"),
        language=("language", "语言"),
        birthday=("birthday", "生日"),
        note=("note", "备注"),
        stage=("stage", "阶段"),
        left_on=("day of leaving", "离职日期"),
        customers=("customers", "所属客户"),
        restricted=("restricted", "限制处理"),
        restriction_reason=("reason of the restriction", "限制原因"),
        lifting_reason=("reason of lifting it", "解除限制原因"),
        merged_into_id=("contact they were merged into", "并入的联系人"),
        absorbed=("merged contacts", "已合并的联系人"),
        absorbed_id=("merged contact", "合并的联系人"),
        customer_id=("customer", "客户"),
        role=("role", "决策角色"),
    ),
    values={
        "stage": both(active=("active", "在职"), left=("left the company", "离职")),
        "role": ROLES,
    },
)
