"""Data: made, read, split and standardised."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from gdviz.training import DATASETS, Split, TrainingSetup, table
from gdviz.training.datasets import DataUnavailableError, prepare

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


def own(content: bytes, **values: object) -> table.Any:
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
