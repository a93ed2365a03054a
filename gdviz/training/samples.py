"""Where the numbers of each data set come from, as plain functions: the exported script contains their source.

Each returns inputs ``x`` and targets ``y``: labels 0, 1, ... for a classification, numbers for a regression. A function
imports what it needs beside NumPy by itself.
"""

from typing import Any

import numpy as np


def digits() -> Any:
    """1,797 images of digits, 8 x 8, values 0 to 16, ten classes (Alpaydin and Kaynak, 1998)."""
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def iris() -> Any:
    """150 flowers, 4 lengths in cm, three species (Fisher, 1936)."""
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)


def wine() -> Any:
    """178 wines, 13 chemical measurements, three growers (Forina et al., 1991)."""
    from sklearn.datasets import load_wine

    return load_wine(return_X_y=True)


def breast_cancer() -> Any:
    """569 tumours, 30 measurements of cell nuclei; 1 is benign (Wolberg et al., 1995)."""
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(return_X_y=True)


def diabetes() -> Any:
    """442 patients, 10 scaled measurements; the progression of the disease after a year (Efron et al., 2004)."""
    from sklearn.datasets import load_diabetes

    return load_diabetes(return_X_y=True)


def mnist() -> Any:
    """70,000 images of digits, 28 x 28, values 0 to 1, the test part last (LeCun et al., 1998)."""
    from keras.datasets.mnist import load_data

    (x, y), (x_test, y_test) = load_data()
    return np.concatenate([x, x_test]).reshape(len(x) + len(x_test), -1) / 255.0, np.concatenate([y, y_test])


def fashion_mnist() -> Any:
    """70,000 images of clothes, 28 x 28, values 0 to 1, the test part last (Xiao et al., 2017)."""
    from keras.datasets.fashion_mnist import load_data

    (x, y), (x_test, y_test) = load_data()
    return np.concatenate([x, x_test]).reshape(len(x) + len(x_test), -1) / 255.0, np.concatenate([y, y_test])


def moons(samples: int, noise: float, seed: int) -> Any:
    """Two half circles that reach into each other; normal noise of this standard deviation on both inputs."""
    from sklearn.datasets import make_moons

    return make_moons(samples, noise=noise, random_state=seed)


def circles(samples: int, noise: float, seed: int) -> Any:
    """A circle of radius 1, and within it one of radius 0.5; normal noise on both inputs."""
    from sklearn.datasets import make_circles

    return make_circles(samples, noise=noise, factor=0.5, random_state=seed)


def spirals(samples: int, noise: float, seed: int) -> Any:
    """Two spirals: (r cos φ, r sin φ) with φ = 3πr + πy and r² uniform from 0.02 to 1; normal noise on both inputs."""
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    radius = np.sqrt(rng.uniform(0.02, 1.0, samples))
    angle = 3 * np.pi * radius + np.pi * y
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return x + rng.normal(0.0, noise, x.shape), y


def xor(samples: int, noise: float, seed: int) -> Any:
    """y = 1 where x₁x₂ < 0, x uniform on the square from -1 to 1; then normal noise on both inputs."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, (samples, 2))
    y = (x[:, 0] * x[:, 1] < 0).astype(int)
    return x + rng.normal(0.0, noise, x.shape), y


def blobs(samples: int, noise: float, seed: int, classes: int) -> Any:
    """Clouds around the points (cos 2πy/n, sin 2πy/n) for n classes y; normal noise on both inputs."""
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % classes
    angle = 2 * np.pi * y / classes
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0.0, noise, (samples, 2)), y


def curve(samples: int, noise: float, seed: int, shape: str) -> Any:
    """y = f(x) + normal noise, x uniform from -1 to 1; f is one of five shapes."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, samples)
    y = {
        "sine": np.sin(np.pi * x),
        "waves": np.sin(4 * np.pi * x) * (1 + x) / 2,
        "cubic": 2 * x**3 - x,
        "step": np.sign(x),
        "kink": np.abs(x),
    }[shape]
    return x[:, None], y + rng.normal(0.0, noise, samples)


def random_vectors(samples: int, inputs: int, classes: int, label_noise: float, seed: int) -> Any:
    """Labels y = argmax xW, x and W of normal numbers; a share of the labels is drawn anew at random."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, inputs))
    y = np.argmax(x @ rng.normal(size=(inputs, classes)), axis=1)
    random = rng.uniform(size=samples) < label_noise
    return x, np.where(random, rng.integers(0, classes, samples), y)


def split_rows(rows: int, validation: float, test: float, own_test: int, seed: int) -> tuple[Any, Any, Any]:
    """The rows that train, validate and test, each as an array of row numbers.

    Args:
        rows: The number of rows.
        validation, test: Shares of the rows, from 0 to 1.
        own_test: The number of last rows that are the data's own test part; 0 for none.
        seed: Determines the order of the rows.
    """
    order = np.random.default_rng(seed).permutation(rows - own_test)
    n_validation = round(validation * len(order))
    n_test = 0 if own_test else round(test * len(order))
    tested = np.arange(rows - own_test, rows) if own_test else order[n_validation : n_validation + n_test]
    return order[n_validation + n_test :], order[:n_validation], tested


def mean_and_scale(train: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of each column, with 1 for a column that does not vary."""
    scale = train.std(axis=0)
    return train.mean(axis=0), np.where(scale > 0, scale, 1.0)
