"""Saved figures in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("saved figure", "保存的统计"),
    purpose_zh="重复查看同一统计。",
    events={
        "SavedFigureChanged": CHANGED,
        **both(
            FigureSaved=("saved the figure", "保存了统计"),
            SavedFigureArchived=("archived the saved figure", "归档了保存的统计"),
            SavedFigureRestored=("restored the saved figure", "恢复了保存的统计"),
            SnapshotWritten=("wrote a snapshot", "写出了快照"),
            SnapshotsSkipped=("skipped snapshots", "跳过了快照"),
            SnapshotFailed=("could not write a snapshot", "未能写出快照"),
        ),
    },
    labels=both(
        name=("name", "名称"),
        question=("question", "查询内容"),
        visibility=("visibility", "可见范围"),
        schedule=("schedule of snapshots", "快照计划"),
        saved_by_id=("saved by", "保存人"),
        is_scheduled=("has snapshots", "有快照"),
        scheduled_from=("snapshots due from", "快照起始时间"),
        snapshot_due_at=("last settled due time", "最近处理的到期时间"),
        snapshot_state=("last snapshot", "最近快照"),
        snapshot_problem=("problem", "问题"),
        due_at=("due at", "到期时间"),
        first_due_at=("first due at", "首个到期时间"),
        times=("times", "次数"),
        log_position=("position", "日志位置"),
        manifest=("digest of the manifest", "清单摘要"),
        problem=("problem", "问题"),
    ),
    values={
        "visibility": both(own=("own", "个人"), shared=("shared", "共享")),
        "snapshot_state": both(
            written=("written", "已写出"), skipped=("skipped", "已跳过"), failed=("failed", "失败")
        ),
    },
)
