"""Teams in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("team", "团队"),
    purpose_zh="安排同事的分工协作。",
    events={
        "TeamChanged": CHANGED,
        **both(
            TeamCreated=("created the team", "创建了团队"),
            TeamArchived=("archived the team", "归档了团队"),
            TeamRestored=("restored the team", "恢复了团队"),
        ),
    },
    labels=both(
        name=("name", "名称"),
        manager_id=("manager", "主管"),
        parent_id=("team above", "上级团队"),
    ),
)
