"""What the parts of a forecast are called."""

from typing import Final

from projections.analytics.forecasts.kernel import COVERAGE
from projections.words.kernel import Both, both

LABELS: Final = both(
    first=("first day", "首日"),
    last=("last day", "末日"),
    currency=("currency", "币种"),
    amount=("expected amount", "预期金额"),
    low=("low", "下限"),
    high=("high", "上限"),
    deals=("open deals", "进行中商机数"),
    unpriced=("of these without an amount", "其中无金额"),
    open_amount=("open amount", "进行中金额"),
    expected_deals=("expected wins", "预期赢单数"),
    made_on=("made on", "预测日"),
    came=("came", "实际金额"),
    naive=("the period before", "上期金额"),
    times=("trials", "回测次数"),
    error=("mean error (%)", "平均误差 (%)"),
    naive_error=("error of the period before (%)", "上期法误差 (%)"),
    bias=("bias (%)", "偏差 (%)"),
    covered=("in the interval (%)", "落入区间 (%)"),
)
TRIED_OUT: Final = Both(
    f"Tried out on past evenings; {COVERAGE} of 100 outcomes should lie between low and high:",
    f"历史回测（每 100 次结果中应有 {COVERAGE} 次落在下限与上限之间）：",
)
