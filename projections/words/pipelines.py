"""Pipelines in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("pipeline", "销售管道"),
    purpose_zh="安排公司自己的销售流程。",
    events={
        "PipelineChanged": CHANGED,
        **both(
            PipelineDefined=("defined the pipeline", "定义了销售管道"),
            PipelineArchived=("archived the pipeline", "归档了销售管道"),
            PipelineRestored=("restored the pipeline", "恢复了销售管道"),
        ),
    },
    labels=both(name=("name", "名称"), stages=("stages", "阶段")),
)
