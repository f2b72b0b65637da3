"""Putting words together: forms with gaps, and spaces between Chinese and Latin letters."""


def filled(form: str, **gaps: str) -> str:
    """A form such as ``将{label}设为{now}`` with its gaps filled."""
    text = ""
    for part in form.replace("}", "{").split("{"):
        text = joined(text, gaps.get(part, part))
    return text


def joined(left: str, right: str) -> str:
    """Two texts, with a space where a Chinese character meets a Latin one."""
    if left and right:
        ends = left[-1], right[0]
        if any(map(_is_chinese, ends)) and any(map(_is_latin, ends)):
            return f"{left} {right}"
    return left + right


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _is_latin(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "%)")
