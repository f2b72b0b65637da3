"""Forecasts on the command line."""

from pathlib import Path

from tests.cli.conftest import Kept


def test_forecasts_are_listed_and_shown(kept: Kept, tmp_path: Path) -> None:
    listed = kept("forecast", "--json").done().json
    assert [one["model"] for one in listed] == ["open_deals", "won_months"]
    assert "月度成交预测" in kept("forecast", "--language", "zh").done().out
    chinese = kept("forecast", "won_months", "--language", "zh").done().out
    assert chinese.splitlines()[0].split("\t")[:3] == ["首日", "末日", "币种"]
    shown = kept("forecast", "won_months").done().out
    assert shown.splitlines()[-1] == (
        "Nothing has been won yet. A forecast needs 6 complete months."
    )
    live = kept("forecast", "open_deals", "--made-on", "2026-01-31", "--json").done().json
    kept("export", "parquet", tmp_path / "out").done()
    asked = ("open_deals", "--made-on", "2026-01-31", "--on", tmp_path / "out", "--json")
    assert kept("forecast", *asked).done().json == live
    assert live["said"].startswith("Of 0 times")


def test_what_cannot_be_forecast_is_said_in_a_sentence(kept: Kept) -> None:
    kept("forecast", "mood").failed(2, "model: is no forecast. There are: open_deals")
    kept("forecast", "won_months", "--ahead", "13").failed(2, "ahead: is out of range")
    kept("forecast", "won_months", "--made-on", "spring").failed(2, "made_on: is no day")
