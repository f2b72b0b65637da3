"""Forecasts from history, each with what it was trained on and how it did before: what open deals
will bring, by what became of those like them, and what months will bring, by the months before.
"""
