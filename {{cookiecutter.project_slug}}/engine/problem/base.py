"""What every table of problem.toml is made of."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _said(text: str) -> str:
    """Words, not a blank or a note to oneself that stands in for them."""
    if not any(sign.isalpha() for sign in text) or text.strip(" .:!?-").upper() in PLACEHOLDERS:
        raise ValueError("must say it in words")
    return text


PLACEHOLDERS = {"TODO", "TBD", "FIXME", "XXX", "N/A", "NA", "NONE", "TO DO", "TBC"}
# How `data adopt` begins an answer that only a person can give.
NOT_SAID = "Not yet said"

Sentence = Annotated[str, Field(min_length=3, max_length=1000), AfterValidator(_said)]
ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
# Far beyond any real amount, and small enough that sums over millions of rows stay finite.
Money = Annotated[float, Field(ge=-1e12, le=1e12)]


class Table(BaseModel):
    """A table of problem.toml: nothing unknown, nothing converted behind the reader's back."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
