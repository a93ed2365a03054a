"""Successive halving: many trials begin, the better third goes on; the epochs are those of fewer full trials."""

FACTOR = 3


def rungs(trials: int, epochs: int) -> tuple[tuple[int, int], ...]:
    """After how many epochs how many trials go on, the budget being ``trials`` trainings of ``epochs`` epochs.

    A third goes on at each rung, for three times as many epochs (Jamieson & Talwalkar 2016,
    https://arxiv.org/abs/1502.07943); as many begin as the budget allows.

    Returns:
        Pairs (epochs, trials), the first being (0, how many begin).

    >>> rungs(16, 9)
    ((0, 62), (1, 20), (3, 6))
    >>> spent((0, 62), (1, 20), (3, 6), epochs=9), 16 * 9
    (138, 144)
    """
    ages = [0]
    age = epochs
    while age > 1 and len(ages) < 4:
        age = max(1, age // FACTOR)
        ages.insert(1, age)
    begin = trials
    while spent(*_at(begin + 1, ages), epochs=epochs) <= trials * epochs:
        begin += 1
    return _at(begin, ages)


def _at(begin: int, ages: list[int]) -> tuple[tuple[int, int], ...]:
    return tuple((age, max(1, begin // FACTOR**k)) for k, age in enumerate(ages))


def spent(*pairs: tuple[int, int], epochs: int) -> int:
    """The epochs that trials spend in all, given the rungs.

    >>> spent((0, 16), epochs=10)
    160
    """
    ends = [age for age, _ in pairs[1:]] + [epochs]
    return sum(count * (end - age) for (age, count), end in zip(pairs, ends, strict=True))
