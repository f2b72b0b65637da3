"""What customers will buy: models of purchases and of their value, what they were trained on, and
how they did on history that was held back.

The modules here import NumPy and SciPy, so they are imported where a prediction is asked for.
"""
