"""Data: made, read, split and standardised."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from gdviz.training import DATASETS, Split, TrainingSetup, table
from gdviz.training.datasets import DataUnavailableError, Loaded, prepare

OFFLINE = [name for name in DATASETS if name not in ("mnist", "fashion_mnist", "own_table")]


@pytest.mark.parametrize("name", OFFLINE)
def test_parts_are_disjoint_complete_and_standardised_on_the_training_part(name: str) -> None:
    setup = TrainingSetup(data=DATASETS.make(name))
    data = prepare(setup)
    loaded = setup.data.load()
    assert sum(len(x) for x in data.x.values()) == len(loaded.x)
    scaler = StandardScaler().fit(loaded.x)
    # Undo the scaling: the rows of all parts together are the rows of the data.
    together = np.concatenate(list(data.x.values())) * data.x_scale + data.x_mean
    np.testing.assert_allclose(np.sort(together, axis=0), np.sort(loaded.x, axis=0), atol=1e-4 * scaler.scale_.max())
    np.testing.assert_allclose(data.x["train"].mean(axis=0), 0, atol=1e-4)
    spread = data.x["train"].std(axis=0)
    assert np.all((np.abs(spread - 1) < 1e-3) | (spread == 0))
    assert abs(float(data.x["validation"].mean())) > 1e-6
    assert data.outputs == (len(data.classes) if data.task == "classes" else 1)
    if data.task == "classes":
        assert np.all(data.y["train"].sum(axis=1) == 1)


def test_a_seed_gives_the_same_data_and_another_one_others() -> None:
    for name in ("moons", "circles", "spirals", "xor", "blobs", "curve", "random_vectors"):
        one, same, other = (DATASETS.make(name, seed=seed).load().x for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)


def test_labels_follow_their_definition() -> None:
    xor = DATASETS.make("xor", noise=0.0).load()
    np.testing.assert_array_equal(xor.y, (np.sign(xor.x).sum(axis=1) == 0).astype(int))
    chance = DATASETS.make("random_vectors", samples=20_000, label_noise=1.0).load()
    np.testing.assert_allclose(np.bincount(chance.y) / 20_000, 0.1, atol=0.01)


def test_validation_may_be_the_test_part() -> None:
    data = prepare(TrainingSetup(split=Split(validation=0.0, validate_on_test=True)))
    np.testing.assert_array_equal(data.x["validation"], data.x["test"])


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Split: validation must give at least 1 row; 0\.001 of 150 gives none"):
        prepare(TrainingSetup(data=DATASETS.make("iris"), split=Split(validation=0.001)))


@pytest.mark.parametrize(("row", "what"), [("{},{}", "inputs"), ("{1},{0}", "targets")])
@pytest.mark.parametrize("standardise", [True, False])
def test_numbers_too_large_for_a_model_are_refused_in_words(row: str, what: str, standardise: bool) -> None:
    rows = [row.format(x, y) for x, y in zip(["1e308", "-1e308", "3e307", "7"] * 10, range(40), strict=True)]
    own = DATASETS.make("own_table", target="y", learn="regression")
    split = Split(standardise=standardise, standardise_target=standardise)
    with pytest.raises(ValueError, match=f"data: {what} must be numbers of size 3.4e38 at most"):
        prepare(TrainingSetup(data=own, split=split), "\n".join(["x,y", *rows]).encode())


def test_lines_may_end_as_on_the_first_macs() -> None:
    content = "x,y\n" + "".join(f"{x},{x % 3}\n" for x in range(30))
    assert table.read(content.replace("\n", "\r").encode()).texts == table.read(content.encode()).texts
    mixed = content.replace("\n", "\r", 1)
    assert table.read(mixed.encode()).texts == table.read(content.encode()).texts


def test_data_that_cannot_be_downloaded_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline() -> None:
        raise Exception("URL fetch failure")  # what Keras raises

    monkeypatch.setattr(keras.datasets.mnist, "load_data", offline)
    with pytest.raises(DataUnavailableError, match=r"MNIST is not on this machine .* need no network"):
        DATASETS.make("mnist").load()


def test_downloaded_data_keep_their_own_test_part(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)

    def fake() -> object:
        return tuple((rng.integers(0, 256, (n, 28, 28)), np.arange(n) % 10) for n in (12_000, 10_000))

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fake)
    data = prepare(TrainingSetup(data=DATASETS.make("mnist"), split=Split(0.0, 0.2, True, standardise=False)))
    assert {part: len(x) for part, x in data.x.items()} == {"train": 12_000, "validation": 10_000, "test": 10_000}
    assert 0.0 <= data.x["train"].min() < 0.01 < 0.99 < data.x["train"].max() <= 1.0
    np.testing.assert_array_equal(data.y["test"].argmax(axis=1), np.arange(10_000) % 10)


TABLE = b"size;colour;weight\n1;red;2\n2;blue;4\n;red;6\n4;green;8\n" + b"5;red;10\n" * 10


def own(content: bytes, **values: object) -> Loaded:
    return DATASETS.make("own_table", **values).load(content)


def test_a_table_is_encoded() -> None:
    loaded = own(TABLE, learn="regression", missing="mean")
    assert loaded.inputs == ("size", "colour = blue", "colour = green", "colour = red")
    assert loaded.x[2].tolist() == [pytest.approx((1 + 2 + 4 + 50) / 13), 0, 0, 1]
    np.testing.assert_array_equal(loaded.y[:4], [2, 4, 6, 8])
    assert len(own(TABLE, learn="regression").x) == 13
    colours = own(TABLE, target=2)
    assert colours.classes == ("blue", "green", "red")
    assert colours.y[:3].tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("content", "values", "message"),
    [
        (b"\xff\xfea\x00", {}, "the file must be text in UTF-8; byte 1 is not"),
        (b"a,b\n1,\x002\n", {}, "binary data"),
        (b"", {}, "a header and at least one row are needed; got 0 lines"),
        (b"a\n1\n", {}, "at least two columns"),
        (b"a,a\n1,2\n", {}, "every column needs a name of its own; got a, a"),
        (b"a,b\n1,2\n1,2,3\n", {}, "line 3 has 3 cells, the header has 2"),
        (b"a,b\n1,2\n", {}, "at least 10 complete rows are needed; 1 of 1"),
        (b"a,b\n" + b"1,2\n" * 20, {}, "target b must have 2 to 100 different values for classes; it has 1"),
        (b"a,b\n" + b"1,2\n2,3\n3,4\n" * 9, {"learn": "binary"}, "target b must have 2 different values for binary"),
        (b"a,b\n" + b"1,x\n" * 20, {"learn": "regression"}, "target b must be a number in every row"),
        (TABLE, {"target": 4}, "target must be a column from 1 to 3, or 0 for the last; got 4"),
        (TABLE, {"missing": "refuse"}, "size is missing in line 4"),
        (b"a,b\n" + b"".join(b"t%d,1\n" % i for i in range(200)), {}, "a has 200 different texts, at most 100"),
        (b"x" * (table.MOST_BYTES + 1), {}, "at most 20,000,000 bytes"),
    ],
)
def test_a_bad_table_is_explained(content: bytes, values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        own(content, **values)


def kinds(content: bytes, **values: Any) -> dict[str, tuple[str, bool]]:
    plan = table.understand(table.read(content), **values)
    return {column.name: (column.kind, column.used) for column in plan.columns}


def column(cells: list[str], **values: Any) -> table.Column:
    """How a column of a table is understood whose other column is a target of two classes."""
    quoted = [f'"{cell}"' for cell in cells]
    content = "\n".join(["x,y", *(f"{cell},{i % 2}" for i, cell in enumerate(quoted))]).encode()
    return table.understand(table.read(content), **values).columns[0]


def rows_of(content: bytes, name: str, **values: Any) -> list[float]:
    loaded = own(content, **values)
    return loaded.x[:, loaded.inputs.index(name)].tolist()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,5", "2,25", "-0,5"], [1.5, 2.25, -0.5]),
        (["1.234,5", "12,25", "1.000.000"], [1234.5, 12.25, 1e6]),
        (["1,234.5", "12.25", "1,000,000"], [1234.5, 12.25, 1e6]),
        (["1'234.50", "2’000", "3"], [1234.5, 2000, 3]),
        (["1 234,5", "1\u00a0000", "1\u202f000,25"], [1234.5, 1000, 1000.25]),
        (["12 %", "3.5%", "100%"], [0.12, 0.035, 1]),
        (["$5", "$1,200.50", "-$3"], [5, 1200.5, -3]),
        (["5 €", "1.200,50 EUR", "EUR 3"], [5, 1200.5, 3]),
        (["(3.5)", "4", "−2"], [-3.5, 4, -2]),
        (["1e3", "2.5E-2", "+7"], [1000, 0.025, 7]),
        (["12,34,567", "1,000", "3.5"], [1234567, 1000, 3.5]),
    ],
)
def test_numbers_are_read_as_people_write_them(cells: list[str], expected: list[float]) -> None:
    found = column(cells * 4)
    assert (found.kind, found.used, found.asks) == ("number", True, "")
    np.testing.assert_allclose(found.numbers[found.codes[:3]], expected, rtol=1e-15)


@pytest.mark.parametrize("gap", ["-", ".", "#N/A", "n.a.", "NULL", "", "?", "–", "#DIV/0!"])
def test_gaps_are_gaps(gap: str) -> None:
    found = column([gap, "1.5", "2.5", "3"] * 4)
    assert (found.kind, found.missing) == ("number", 4)
    assert column([gap, "red", "blue", "red"] * 4).missing == 4


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2024-01-31", "2024-02-01", "2023-12-31"], [31, 32, 0]),
        (["31.1.2024", "1.2.2024", "31.12.2023"], [31, 32, 0]),
        (["1/31/2024", "2/1/2024", "12/31/2023"], [31, 32, 0]),
        (["31 Jan 2024", "1 Feb 2024", "31 Dec 2023"], [31, 32, 0]),
        (["January 31, 2024", "February 1, 2024", "December 31, 2023"], [31, 32, 0]),
        (["20240131", "20240201", "20231231"], [31, 32, 0]),
        (["2024-01-31T12:00:00Z", "2024-02-01 06:00", "2023-12-31"], [31.5, 32.25, 0]),
        (["6:30", "18:00", "0:15"], [6.5, 18, 0.25]),
    ],
)
def test_dates_are_read_by_themselves(cells: list[str], expected: list[float]) -> None:
    found = column(cells * 4)
    assert (found.kind, found.used) == ("date", True)
    np.testing.assert_allclose(found.numbers[found.codes[:3]], expected)


def test_a_day_that_is_not_in_the_calendar_makes_no_date() -> None:
    assert column(["30.2.2024", "1.2.2024", "31.1.2024"] * 4).kind == "category"


@pytest.mark.parametrize(
    ("cells", "kind", "why"),
    [
        ([str(i) for i in range(30)], "identifier", "counts the rows"),
        ([f"C-{i * i}" for i in range(30)], "identifier", "30 different texts"),
        ([f"a remark on {i}" for i in range(30)], "text", "30 different texts"),
        (["", "NA"] * 15, "empty", "no cell"),
        (["3.5"] * 30, "number", "never varies"),
        (["1", "2", "abc"] * 10, "mixed", "10 of 30 cells are no numbers: abc"),
    ],
)
def test_what_teaches_nothing_is_left_out_and_said(cells: list[str], kind: str, why: str) -> None:
    content = "\n".join(["x,z,y", *(f"{cell},{i * 0.5},{i % 2}" for i, cell in enumerate(cells))]).encode()
    plan = table.understand(table.read(content))
    found = plan.columns[0]
    assert (found.kind, found.used, why in found.why) == (kind, False, True)
    assert plan.inputs == ("z",)
    assert bool(found.asks) == (kind == "mixed")


def test_columns_of_many_kinds_in_a_file_from_excel() -> None:
    rows = (
        f"K{i:04d};{90 - i};{i % 28 + 1}.03.2023;1.0{i:02d},5 €;{i % 5},5 %;{['Bonn', 'Köln', '-'][i % 3]};"
        f"Text Nummer {i};0{i % 7}113;{i % 8}"
        for i in range(40)
    )
    header = "Kunde;id;Datum;Umsatz;Rabatt;Stadt;Notiz;PLZ;Menge"
    content = "\r\n".join(["sep=;", header, *rows]).encode("cp1252")
    assert kinds(content) == {
        "Kunde": ("identifier", False),
        "id": ("identifier", False),
        "Datum": ("date", True),
        "Umsatz": ("number", True),
        "Rabatt": ("number", True),
        "Stadt": ("category", True),
        "Notiz": ("text", False),
        "PLZ": ("category", True),
        "Menge": ("number", False),
    }
    loaded = own(content, target="Stadt", columns="PLZ=left out,id=number")
    assert loaded.classes == ("Bonn", "Köln")
    assert loaded.inputs == ("id", "Datum", "Umsatz", "Rabatt", "Menge")
    assert loaded.x[0].tolist() == [90, 0, 1000.5, 0.005, 0]
    assert len(loaded.x) == 27


def test_a_number_that_can_be_read_in_two_ways_is_asked_about() -> None:
    found = column(["1,234", "5,678"] * 6)
    assert "could be 1234 or 1.234" in found.asks
    assert found.numbers[0] == 1234
    assert column(["1,234", "5,678"] * 6, decimal="comma").numbers[0] == 1.234
    shown = b"a;b;y\n" + b"".join(b"1.234;%d,5;%d\n2.345;3,5;1\n" % (i, i % 2) for i in range(8))
    assert rows_of(shown, "a")[:2] == [1234, 2345]  # the other column shows that the comma is the decimal mark
    dated = column(["1/2/2024", "3/5/2024"] * 6)
    assert "day first" in dated.asks
    assert dated.numbers[dated.codes[1]] == 92
    assert column(["1/2/2024", "3/5/2024"] * 6, dates="month first").numbers[1] == 63


def test_the_user_says_what_a_column_is() -> None:
    mixed = b"x,z,y\n" + b"".join(b"%s,%d,%d\n" % (b"1 2 3 <1".split()[i % 4], i % 3, i % 2) for i in range(40))
    assert kinds(mixed)["x"] == ("mixed", False)
    assert own(mixed, columns="x=number").x.shape == (30, 2)
    assert own(mixed, columns="x=category,z=category").inputs[:3] == ("x = 1", "x = 2", "x = 3")
    for columns, message in (
        ("w=category", "columns must name a column of x, z, y; got 'w'"),
        ("x=colour", "with a kind of number, category, date, left out; got 'x=colour'"),
        ("x=date", "x cannot be read as a date; its cells are 1, 2, 3"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            own(mixed, columns=columns)
    with pytest.raises(ValueError, match="target must name a column of x, z, y; got 'w'"):
        own(mixed, target="w")


@given(st.dictionaries(st.text(min_size=1), st.sampled_from(table.KINDS)))
def test_what_is_said_of_columns_is_written_and_read(said: dict[str, str]) -> None:
    assert table.said_kinds(table.said_line(said)) == said


def test_numbers_as_classes_are_ordered_by_their_value() -> None:
    loaded = own(b"x,y\n" + b"".join(b"%d.5,%s\n" % (i, [b"10", b"9", b"9.0"][i % 3]) for i in range(12)))
    assert loaded.classes == ("9", "10")
    assert loaded.y[:3].tolist() == [1, 0, 0]


def test_the_number_of_the_row_is_an_input_where_there_is_no_other() -> None:
    assert own(b"x,y\n" + b"".join(b"%d,%d\n" % (i, i % 2) for i in range(20))).inputs == ("x",)


def test_a_header_is_asked_for() -> None:
    with pytest.raises(ValueError, match=r"the first line must name the columns; it holds 5\.1, 3\.5, 0"):
        own(b"5.1,3.5,0\n" + b"4.9,3.0,1\n" * 20)


def test_frequent_values_have_an_input_of_their_own_and_the_others_one_together() -> None:
    often = [f"v{i % 250 if i % 3 else i % 7:03d}" for i in range(3000)]
    loaded = own("\n".join(["x,y", *(f"{value},{i % 2}" for i, value in enumerate(often))]).encode())
    assert len(loaded.inputs) == table.MOST_CATEGORIES + 1
    assert loaded.inputs[-1] == "x = any other"
    np.testing.assert_array_equal(loaded.x.sum(axis=1), 1)
    gaps = own(b"x,y\n" + b"".join(b"%s,%d\n" % (b"a b NA -".split()[i % 4], i % 2) for i in range(40)), missing="mean")
    assert gaps.inputs == ("x = a", "x = b", "x = missing")
    assert gaps.x[:4].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]


def test_a_large_table_of_categories_takes_little_time_and_memory() -> None:
    """7.5 MB of categories took 52 s and 3 GB."""
    script = """if True:
        import resource, time
        import numpy as np
        from gdviz.training import table
        columns = np.random.default_rng(0).integers(0, 100, (150_000, 10))
        content = "\\n".join(["a,b,c,d,e,f,g,h,i,j", *(",".join(f"c{v:03d}" for v in row) for row in columns.tolist())])
        content = content.encode()
        del columns
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        plan = table.understand(table.read(content))
        described = time.process_time() - began
        x, *_ = table.encode(plan)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(described, time.process_time() - began, (after - before) / 1024, x.size)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    described, encoded, megabytes, numbers = map(float, done.stdout.split())
    assert described < 2.0  # 0.3 s on a free machine
    assert encoded < 6.0
    assert megabytes < 300
    assert numbers < 2e7


def test_a_column_known_by_its_number_is_read_as_in_version_0_1() -> None:
    """Each column an input, a number where all its cells are: what was stored then keeps its numbers."""
    content = b"id,when,size,y\n" + b"".join(b"%d,2024-01-%02d,%d,%d\n" % (i, i % 2 + 1, i, i % 2) for i in range(20))
    old = DATASETS.make("own_table", target=0)
    loaded = old.load(content)
    assert loaded.inputs == ("id", "when = 2024-01-01", "when = 2024-01-02", "size")
    assert old.to_dict() == {"name": "own_table", "learn": "classes", "target": 0, "missing": "drop"}
    setup = TrainingSetup(data=old)
    assert TrainingSetup.from_json(setup.to_json()) == setup == TrainingSetup.from_link(setup.to_link())[0]
    assert own(content).inputs == ("when",)  # now: two columns count the rows


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='a,b;1.\n"-x\t e', max_size=200).map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    try:
        loaded = own(content)
    except ValueError as refused:
        message = str(refused)
    else:
        message = f"CSV: {loaded.x.shape}"
        assert np.all(np.isfinite(loaded.x))
    assert message.startswith("CSV: ")


def test_a_table_is_trained_on_only_where_it_is_given() -> None:
    setup = replace(TrainingSetup(), data=DATASETS.make("own_table", learn="classes"))
    with pytest.raises(ValueError, match="Your own CSV: no file was given"):
        prepare(setup)
