"""Values as they stand in a TOML file."""

import json


def toml(value: str | bool | int | float) -> str:
    """`value` in TOML; a text becomes a basic string, which may also stand as a quoted key.

    JSON's strings are TOML's too, if no character is written as two halves of UTF-16 and the one
    control character that JSON lets stand is escaped.
    """
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
