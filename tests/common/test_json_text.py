"""JSON from outside: encodings that are read, and mistakes that are told by place and cause."""

import codecs
import json
import math

import pytest

from anonbench.common.errors import UserError
from anonbench.common.json_text import parse_json, storable

VALUE = {"name": "Straße", "n": [1, 2.5]}
TEXT = json.dumps(VALUE, ensure_ascii=False)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
    ],
)
def test_every_unicode_encoding_is_read(data):
    assert parse_json(data, "a.json") == VALUE


def test_latin_1_is_told_by_line_column_and_the_words_there():
    with pytest.raises(UserError) as caught:
        parse_json('{\n "name": "Straße"}'.encode("latin-1"), "a.json")
    assert "a.json is not valid JSON at line 2, column 15: the byte 0xdf is not UTF-8" in caught.value.problem
    assert 'reads \' "name": "Straße"}\'' in caught.value.problem and caught.value.fix == "Save the file as UTF-8."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": [1,\n 2,]}', ["line 2, column 4", "comma"]),
        ('{"a": [1, 2],\n}', ["line 2, column 1", "comma"]),
        ('{"a": 1,, "b": 2}', ["line 1, column 9", "another comma"]),
        ('{"images": [', ["cut off"]),
        ('{"images": [{"file_na', ["cut off"]),
        ('{"a": 1}\n{"a": 2}', ["line 2, column 1", "JSON Lines"]),
        ("{'a': 1}", ["line 1, column 2", "single quotes"]),
        ('{"a": None}', ["line 1, column 7", "None"]),
        ('{"a": 1 // one\n}', ["line 1, column 9", "comment"]),
        ('{"a" 1}', ["line 1, column 6", "expecting ':'", "'1}'"]),
        ("", ["empty"]),
        (" \n", ["empty"]),
        ("<!DOCTYPE html>", ["web page"]),
        ("version https://git-lfs.github.com/spec/v1\n", ["Git LFS"]),
        ("PK\x03\x04", ["zip"]),
        ("[" * 200_000, ["nested"]),
        ("[" + "9" * 5000 + "]", ["a.json", "digits"]),
    ],
)
def test_what_is_no_json_is_told_with_its_cause(text, words):
    with pytest.raises(UserError) as caught:
        parse_json(text.encode(), "a.json")
    assert all(word in caught.value.problem for word in ["a.json", *words]), caught.value.problem
    assert caught.value.fix and "download" not in caught.value.fix.lower()


def test_a_file_that_ends_within_a_character_is_cut_off():
    for data in (TEXT.encode()[: TEXT.index("ß") + 1], TEXT.encode("utf-16")[:-1]):
        with pytest.raises(UserError, match="a.json is not valid JSON: it is cut off"):
            parse_json(data, "a.json")


def test_what_json_cannot_write_becomes_storable():
    value = {"a": [math.nan, math.inf, 1.5, True, None], "caf\udce9": "\udce9", 3: (1,)}
    assert storable(value) == {"a": [None, None, 1.5, True, None], "caf\\udce9": "\\udce9", "3": [1]}
    json.dumps(storable(value), allow_nan=False).encode()
