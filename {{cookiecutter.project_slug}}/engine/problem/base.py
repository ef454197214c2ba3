"""What every table of problem.toml is made of."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

PLACEHOLDERS = {"TODO", "TBD", "FIXME", "XXX", "N/A", "NA", "NONE", "TO DO", "TBC"}
# How `data adopt` begins an answer that only a person can give.
NOT_SAID = "Not yet said"


def _sentence(text: str) -> str:
    """Words, not a blank or a placeholder."""
    if not any(sign.isalpha() for sign in text) or text.strip(" .:!?-").upper() in PLACEHOLDERS:
        raise ValueError("must say it in words")
    return text


Sentence = Annotated[str, Field(min_length=3, max_length=1000), AfterValidator(_sentence)]
ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
# Far beyond any real amount, and small enough that sums over millions of rows stay finite.
Money = Annotated[float, Field(ge=-1e12, le=1e12)]


def scalar(rule: str, *types: type) -> PlainValidator:
    """One rule for a union of types; pydantic would report a mistake for each of them."""

    def check(value: Any) -> Any:
        if not isinstance(value, types):
            raise ValueError(rule)
        return value

    return PlainValidator(check)


def entry(description: str, example: Any, **rules: Any) -> Any:
    """A key of a table; messages repeat its description and its example, `rules` are pydantic's."""
    return Field(description=description, examples=[example], **rules)


class Table(BaseModel):
    """A table of problem.toml: no unknown key, and no value converted to another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
