"""Values as they stand in a TOML file."""

import json


def toml(value: str | bool | int | float) -> str:
    """`value` in TOML; a text becomes a basic string, which may also stand as a quoted key.

    JSON's strings are valid TOML if no character is written as a surrogate pair and the one
    control character that JSON leaves unescaped is escaped.
    """
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
