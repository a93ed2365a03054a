"""Text that is not the app's own: shown as text, in every field of every page's link and in stored names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from gdviz.runs import Runs
from gdviz.training import DATASETS, TrainingSetup
from gdviz.ui.text import code, plain
from tests.events import epoch
from tests.pages import MORE_FIELDS, opened, use_store

ACTIVE = re.compile(r"(?<!\\)(?:\[[ab]\]\(|:red\[|\$d|\*\*e|http://|<i>)")
VERBATIM = ("code", "vega_lite_chart", "arrow_data_frame", "latex")
HOSTILE = ("[a](//x.y)![b](//x.y)", ":red[c]$d$**e**<i>", "http://x.y/z", "1,2,[a](//x.y),$d$", "own_function")
"""Short, because what is quoted is cut."""


def read_as_markdown(message: Any, kind: str) -> Iterator[str]:
    """All texts of an element that Streamlit reads as Markdown."""
    for field, value in message.ListFields():
        if isinstance(value, Message):
            yield from read_as_markdown(value, kind)
        elif isinstance(value, str) and field.name in ("body", "label", "help", "caption", "placeholder"):
            yield value
        elif kind in ("radio", "button_group") and field.name == "options":
            yield from (option if isinstance(option, str) else option.content for option in value)


def assert_nothing_is_active(page: AppTest) -> None:
    for element in page:
        if getattr(element, "proto", None) is None or element.type in (
            "code",
            "vega_lite_chart",
            "arrow_data_frame",
            "latex",
        ):
            continue
        for text in read_as_markdown(element.proto, element.type):
            if "`" in text:
                continue  # nothing is read within code; and what ends it is escaped, or code() has longer ticks
            assert not ACTIVE.search(text), text


CHARACTERS = st.sampled_from("[]()!*_`~$<>|#&:;@/\\.-+=19 aw\n\u202e\u200b")


@given(st.text(CHARACTERS, max_size=40) | st.text(max_size=20))
@example("1. a")
@example("www.x.yz http://x.yz a@x.yz &lt; &#65; ---")
@example("`` ` ``")
def test_markdown_shows_a_plain_text_as_it_is(text: str) -> None:
    reader = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    for written in (plain(text), f"start {plain(text)} end"):
        blocks = reader.parse(written)
        assert [block.type for block in blocks] in ([], ["paragraph_open", "inline", "paragraph_close"]), written
        for block in blocks:
            assert {part.type for part in block.children or ()} <= {"text", "text_special"}, written
    assert len(plain(text, 10).replace("\\", "").replace("\u2060", "")) <= 10


@given(st.text(st.sampled_from("`* |a"), min_size=1, max_size=20).filter(str.strip))
def test_code_stays_code(text: str) -> None:
    (_, inline, _) = MarkdownIt("commonmark").parse(f"start {code(text)} end")
    assert [part.type for part in inline.children or ()] == ["text", "code_inline", "text"]


@pytest.mark.parametrize("name", list(MORE_FIELDS))
def test_what_a_link_says_is_text(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_store(Runs(folder=tmp_path), monkeypatch)
    fields = [*opened(name, {}).query_params, *MORE_FIELDS[name].split()]
    for hostile in HOSTILE:
        assert_nothing_is_active(opened(name, dict.fromkeys(fields, hostile)))


@pytest.mark.parametrize("name", ["runs", "training"])
def test_what_a_stored_run_is_called_is_text(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(folder=tmp_path)
    ids = []
    for hostile in HOSTILE[:2]:
        run = runs.create(TrainingSetup(data=DATASETS.make("moons"), epochs=1), hostile)
        assert runs.claim(run, "me")
        runs.record(run, "me", [epoch(1, loss=0.5)], epochs=1)
        runs.record(run, "me", [], status="failed", ended=1.0, reason=f"The file says: {hostile}")
        runs.annotate(run, hostile)
        ids.append(run)
    use_store(runs, monkeypatch)
    page = opened(name, {"run": ids if name == "runs" else ids[:1]})
    assert_nothing_is_active(page)
    assert r"\[a\](" in " ".join(element.value for element in page.markdown)  # it is there, as text


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("training", {"layer": "a," * 3000}),
        ("choose", {"layer": ",a=1" * 3000}),
        ("runs", {"run": [f"x{number}" for number in range(500)]}),
    ],
)
def test_a_link_full_of_faults_makes_a_few_warnings(
    name: str, fields: dict[str, str | list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_store(Runs(folder=tmp_path), monkeypatch)
    warnings = [warning.value for warning in opened(name, fields).warning]
    assert 2 <= len(warnings) <= 10
    assert re.search("more such faults|500 runs are chosen", warnings[-1])
