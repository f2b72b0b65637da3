"""What an answer says beside the data, in English and Chinese (GDPR Art. 15(1), PIPL Art. 17, 45).

What Kept cannot know, such as who the controller's representative is, is not here: the company says
it in its own letter.
"""

from typing import Final

from projections.words.kernel import Both

TITLE: Final = Both("What is held about you", "我们持有的您的个人信息")
ABOUT: Final = {
    "disclosures": Both(
        "Whom the company has given this data to is listed as far as it recorded that. Kept sends "
        "it to nobody by itself.",
        "公司已记录的提供对象均已列出。系统本身不向任何人提供这些信息。",
    ),
    "third_countries": Both(
        "Where a recipient is in another country, its country and what allows the transfer are "
        "listed with it.",
        "接收方位于境外的，列明其所在国家或地区以及出境的保障措施。",
    ),
    "automated_decisions": Both(
        "Kept takes no decisions about people by itself, and makes no profiles of them.",
        "Kept 不对个人作自动化决策，也不进行用户画像。",
    ),
    "retention": Both(
        "Each category is erased when the period of the company's retention schedule is over. It "
        "runs from the creation of the record, the last activity or the end of the relationship. "
        "Without a schedule it is kept until it is erased on request. What a law has kept is kept "
        "for as long. The company says which periods it has set.",
        "各类信息在公司设定的保存期限届满后删除；期限自记录创建、最近活动或关系终止之时起算。"
        "未设定期限的，保存至应请求删除。法律要求保存的，保存至法定期限届满。具体期限由公司说明。",
    ),
    "source": Both(
        "Each change says through which door it came, by whom, and from which file, if any.",
        "每次变更均载明来源渠道、操作人以及所来自的文件（如有）。",
    ),
    "history": Both(
        "Earlier values are kept beside the current ones, because the log is never overwritten.",
        "日志从不覆盖，因此较早的值与当前值一并保存。",
    ),
}
"""By the key under which the JSON form has it."""
HEADINGS: Final = {
    "request": Both("Your request", "您的请求"),
    "who": Both("Records that stand for you", "代表您的记录"),
    "purposes": Both("What it is processed for", "处理目的"),
    "permissions": Both("Legal bases, consents and refusals", "合法依据、同意与拒绝"),
    "do_not_contact": Both("Where you are not to be contacted", "不得联系的情形"),
    "recipients": Both("Who was given it", "提供给谁"),
    "records": Both("What is held now", "当前持有的信息"),
    "events": Both("How it came about", "信息的由来"),
    "mentions": Both("Where else you may be mentioned", "其他可能提及您之处"),
    "reads": Both("Who has looked at it", "查阅记录"),
    "rights": Both("Your rights", "您的权利"),
    "about": Both("What else you are to know", "其他应告知事项"),
    "proof": Both("Proof", "证明"),
}
RIGHTS: Final = {
    "rectification": Both(
        "To have what is wrong corrected, and what is missing completed (GDPR Art. 16).",
        "请求更正、补充（《个人信息保护法》第四十六条）。",
    ),
    "erasure": Both(
        "To have it erased, where no law has it kept (GDPR Art. 17).",
        "请求删除（第四十七条）。",
    ),
    "restriction": Both(
        "To have its processing restricted (GDPR Art. 18).", "限制处理（第四十四条）。"
    ),
    "portability": Both(
        "To receive what you gave us in a form that machines read, or to have it sent on "
        "(GDPR Art. 20).",
        "请求将个人信息转移至您指定的处理者（第四十五条第三款）。",
    ),
    "objection": Both(
        "To object to its processing, to direct marketing at any time (GDPR Art. 21).",
        "拒绝处理，包括随时拒绝营销（第四十四条、第二十四条）。",
    ),
    "withdrawal": Both(
        "To take back a consent at any time; what was done before stays lawful (GDPR Art. 7(3)).",
        "随时撤回同意；撤回前已进行的处理不受影响（第十五条）。",
    ),
    "explanation": Both(
        "To have the rules of processing explained (PIPL Art. 48).",
        "要求解释说明处理规则（第四十八条）。",
    ),
    "complaint": Both(
        "To complain to a supervisory authority where you live or work, or where the matter "
        "happened (GDPR Art. 77), and to go to court (Art. 79).",
        "向履行个人信息保护职责的部门投诉、举报（第六十五条），或向人民法院起诉（第五十条）。",
    ),
}
PUBLIC: Final = Both("business record", "业务记录")
"""What lies under nobody's key: facts of the company about its business with them."""
TRACE: Final = {
    "reason": Both("reason", "原因"),
    "file": Both("file it came from", "来源文件"),
    "address": Both("network address of who entered it", "录入者的网络地址"),
}
SENTENCES: Final = {
    "made": Both("Made on {day}.", "制作于{day}。"),
    "none": Both("None.", "无。"),
    "disclosed": Both(
        "{day}: {categories}, for {purpose}, entry {position} of the log",
        "{day}：{categories}，目的：{purpose}，日志第 {position} 条",
    ),
    "notice_open": Both(
        "to be told by {day} of what was changed or erased",
        "应于{day}前获知变更或删除",
    ),
    "notice": Both(
        "notice of what was changed or erased, {day}: {outcome}",
        "变更或删除的通知，{day}：{outcome}",
    ),
    "no_reads": Both("No reads of your data are recorded.", "没有查阅您信息的记录。"),
    "mentions": Both(
        "In {count} other records your name, address, number or id occurs. A person looks through "
        "them, and adds what may be given without harming others (GDPR Art. 15(4)).",
        "另有 {count} 条记录出现您的姓名、邮箱、电话或编号。将由工作人员查看，"
        "并补充在不损害他人权益的前提下可以提供的内容。",
    ),
    "not_shown": Both("erased, or about somebody else: {names}", "已擦除或涉及他人：{names}"),
    "no_longer": Both("(now about somebody else)", "（现已涉及他人）"),
    "remembered": Both(
        "One of your addresses remembers a refusal: {reason}, {day}.",
        "您的某一联系方式记有拒绝：{reason}，{day}。",
    ),
    "do_not_call": Both("You are not to be called.", "不得致电。"),
    "restricted": Both(
        "Your data may be stored, and nothing else.", "您的信息仅可存储，不作他用。"
    ),
    "circumstances": Both(
        "{occurred}, recorded {recorded}, by {who}, {door}, entry {position} of the log",
        "{occurred}，记录于{recorded}，{who}，{door}，日志第 {position} 条",
    ),
    "proof": Both(
        "Every change above is an entry of a log that can only grow. The archive that this came in "
        "holds the proofs; anybody can check it with: kept verify --bundle FILE.zip",
        "上述每次变更均为只增日志中的条目。所附压缩包含有证明，任何人均可用以下命令核验："
        "kept verify --bundle FILE.zip",
    ),
}
