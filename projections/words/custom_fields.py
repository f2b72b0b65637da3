"""Custom fields in words."""

from typing import Final

from projections.words.kernel import Both, Words, both

WORDS: Final = Words(
    noun=Both("custom fields", "自定义字段"),
    purpose_zh="定义公司自有字段。",
    events=both(
        CustomFieldDeclared=("declared a custom field", "声明了自定义字段"),
        CustomFieldChanged=("changed a custom field", "修改了自定义字段"),
        CustomFieldRetired=("retired a custom field", "停用了自定义字段"),
        CustomFieldRestored=("restored a custom field", "恢复了自定义字段"),
    ),
    labels=both(
        kind=("kind of record", "记录类型"),
        by_key=("definitions", "定义"),
        key=("key", "键"),
        label=("label", "名称"),
        label_zh=("Chinese label", "中文名称"),
        type=("type", "类型"),
        choices=("choices", "选项"),
        personal=("personal", "个人信息"),
    ),
    values={
        "type": both(
            text=("text", "文本"),
            number=("number", "数字"),
            date=("date", "日期"),
            switch=("switch", "开关"),
            choice=("choice", "单选"),
            choices=("choices", "多选"),
        ),
    },
)
