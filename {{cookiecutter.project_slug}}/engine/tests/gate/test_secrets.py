"""Secrets are found by their forms; texts that only look like one are not."""

import re

import pytest

from engine.gate.checks.safe_to_own import SECRETS

# Each in two parts, or this file would hold secrets itself.
AWS = "AKIA" + "ABCDEFGHIJKLMNOP"
BEGIN = "-----" + "BEGIN "
FOUND = [
    *(
        ("a private key", f"{BEGIN}{kind}PRIVATE KEY-----")
        for kind in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")
    ),
    ("a private key", BEGIN + "PGP PRIVATE KEY BLOCK-----"),
    ("a private key", "---- " + "BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"),
    ("an AWS key", AWS),
    ("an AWS key", AWS.replace("AKIA", "ASIA")),
    *(("a GitHub token", f"gh{kind}_" + "A1b2" * 9) for kind in "pousr"),
    ("a GitHub token", "github_pat_" + "A1b2" * 12),
    ("a GitLab token", "glpat-" + "A1b2" * 5),
    *(("a Slack token", f"xox{kind}-" + "1234567890-abc") for kind in "abprs"),
    ("a Google key", "AIza" + "A1b2C3d" * 5),
    ("a password in a URL", "https://me:" + "hunter22@db.example"),
    ("an Azure key", "AccountKey=" + "a1B2" * 21 + "=="),
    ("a Slack address", "https://hooks.slack.com/services/" + "T012/B012/x1y2z3"),
    *(
        ("a Stripe key", f"{kind}_{use}_" + "a1B2" * 6)
        for kind in ("sk", "rk")
        for use in ("live", "test")
    ),
    ("a key of a model's API", "sk-" + "proj-" + "a1B2" * 10),
    ("a Hugging Face token", "hf_" + "aB" * 17),
    ("an npm token", "npm_" + "a1B2" * 9),
    (
        "a signed token (JWT)",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "dozjgNryP4J3jVmNHl0w",
    ),
    ("a password", "password = " + "'correcthorse'"),
    ("a token", "token: " + "'a1b2c3d4e5f6g7'"),
    ("a key", "aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG"),
]


@pytest.mark.parametrize(
    ("what", "template"),
    [
        ("a password", '"password": "%s"'),
        ("a password", "password = '*%s'"),
        ("a token", "token: '%s1'"),
        ("a token", '"token": "%s1"'),
        ("a key", "api_key = '%s!1'"),
        ("a key", '"secret_key": "%s1"'),
    ],
)
def test_secrets_short_or_in_json_are_found(what: str, template: str) -> None:
    assert re.search(SECRETS[what], (template % "correcto").encode())


@pytest.mark.parametrize(("what", "text"), FOUND)
def test_secrets_are_found_by_their_form(what: str, text: str) -> None:
    assert what in [name for name, form in SECRETS.items() if re.search(form, text.encode())]


def test_secrets_each_form_has_an_example() -> None:
    assert {what for what, _ in FOUND} == {*SECRETS}


@pytest.mark.parametrize(
    "text",
    [
        "token = 'delivered_late'",
        "password: '********'",
        'api_key = "os.environ"',
        "token = tokens_by_v2_name",
        "-----" + "BEGIN PUBLIC KEY-----",
    ],
)
def test_secrets_text_without_a_secret_passes(text: str) -> None:
    assert not [name for name, form in SECRETS.items() if re.search(form, text.encode())]
