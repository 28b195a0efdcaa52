"""The form of texts and addresses: what looks the same is the same, and what nobody sees is refused."""

import re

import pytest

from boxoffice.vocabulary.texts import TEXT_PATTERN, address_in_form, fact_in_form, seen, text_in_form

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
"""One picture of three people, with joiners between them."""

ADDRESSES = {
    "john@example.com": "john@example.com",
    "O'Neil+tickets@Example.co.uk": "O'Neil+tickets@Example.co.uk",
    "J\u00dcRGEN@example.com": "j\u00fcrgen@example.com",
    "ju\u0308rgen@example.com": "j\u00fcrgen@example.com",
    "\u7528\u6237@\u4f8b\u5b50.\u5e7f\u544a": "\u7528\u6237@\u4f8b\u5b50.\u5e7f\u544a",
    "a@stra\u00dfe.de": "a@stra\u00dfe.de",
    "a@xn--strae-oqa.de": "a@stra\u00dfe.de",
    "a@M\u00dcLLER.de": "a@m\u00fcller.de",
}

NO_ADDRESSES = [
    "a\u200b@x.com", "a@x\u200b.com", "a@x.com\u200b", "\ufeffa@x.com", "a\u00ad@x.com", "a@x.com,",
    "a,b@x.com", "a;b@x.com", '"a"@x.com', "(a)@x.com", "a b@x.com", "a@x .com", ".a@x.com",
    "a.@x.com", "a..b@x.com", "a@x", "a@.com", "a@x..com", "a@x.com.", "a@-x.com", "a@x-.com",
    "a@1.2.3.4", "a@[1.2.3.4]", "a@x_y.com", "mi\u212ae@x.com", "\uff41@x.com", "\u017f@x.com",
    "\u0130@x.com", "\ufb01@x.com", "a@\u0301x.com", "a@xn--a.com", "a@x\u3002com", "a\ud800@x.com",
    "a@x\ud800.com", "a\n@x.com", "a@x.com\n", "\u202ea@x.com", "a@" + "x" * 64 + ".com",
    "x" * 65 + "@x.com", "\u00fc" * 33 + "@x.com", "a@" + ("x" * 60 + ".") * 4 + "museum.museum",
    "\ue000@x.com",
]  # fmt: skip


@pytest.mark.parametrize(("given", "kept"), ADDRESSES.items())
def test_an_address_has_one_form_which_stays(given: str, kept: str) -> None:
    assert address_in_form(given) == kept
    assert address_in_form(kept) == kept


@pytest.mark.parametrize("given", NO_ADDRESSES, ids=ascii)
def test_what_cannot_be_an_address_is_none(given: str) -> None:
    assert address_in_form(given) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Movie XYZ ", "Movie XYZ"),
        ("Ade\u0301le", "Ad\u00e9le"),
        (FAMILY, FAMILY),
        ("\u0646\u0627\u0645\u0647\u200c\u0647\u0627", "\u0646\u0627\u0645\u0647\u200c\u0647\u0627"),
        ("\u845b\U000e0100\u57ce", "\u845b\U000e0100\u57ce"),
        ("\u05e9\u05dc\u05d5\u05dd 2030", "\u05e9\u05dc\u05d5\u05dd 2030"),
    ],
    ids=ascii,
)
def test_a_text_of_any_script_is_kept_in_nfc(given: str, kept: str) -> None:
    assert text_in_form(given) == kept


@pytest.mark.parametrize(
    "char",
    "\0\t\n\x1b\x7f\x85\u00ad\u034f\u061c\u115f\u180e\u200b\u200e\u200f\u2028\u202a\u202b\u202d\u202e\u2060\u2066"
    "\u2067\u2068\u2069\u3164\ufeff\ufff9\ufffe\uffff\U0001fffe\U0002ffff\U0003fffe\ue000\ud800\U000e0001\U000e0041\U0001d173\U000f0000\U0010ffff",
    ids=ascii,
)
def test_what_nobody_sees_or_what_turns_others_is_refused_and_taken_out(char: str) -> None:
    assert text_in_form(f"a{char}b") is None
    assert seen(f"a{char}b ") == ("ab" if char != "\ud800" else "")


@pytest.mark.parametrize("given", ["", " ", "\u2003", "\u200d", "\u2800", "\ufe0f", "\u0301a"], ids=ascii)
def test_a_text_shows_something(given: str) -> None:
    assert text_in_form(given) is None


def test_a_fact_may_be_empty_and_keeps_its_spaces() -> None:
    for fact in ("", " ", " a "):
        assert fact_in_form(fact) == fact
    assert fact_in_form("Ade\u0301le ") == "Ad\u00e9le "
    for refused in ("a\u200bb", "\U000e0041", "\ud800", "\n"):
        assert fact_in_form(refused) is None


def test_a_long_text_is_judged_at_once() -> None:
    assert re.search(TEXT_PATTERN, " " * 20_000) is None
