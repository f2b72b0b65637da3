"""Words that every document needs, in English and Chinese."""

from typing import Final

from projections.words.kernel import Both

COLON: Final = Both(": ", "：")
BETWEEN: Final = Both(", ", "、")
DOORS: Final = {
    "api": Both("entered by hand or by a program", "由人工或程序录入"),
    "import": Both("imported", "导入"),
    "command_line": Both("entered on the command line", "由命令行录入"),
    "rule": Both("by a rule", "由规则产生"),
    "system": Both("by Kept itself", "由 Kept 自身产生"),
}
"""Through which a change came."""
