"""How much may be stored and wait, in all and of one visitor. Reached, a new run is refused with the numbers; nothing
that is stored is ever deleted to make room.
"""

import os
from dataclasses import dataclass


class QuotaError(ValueError):
    """A quota is reached; the message says which, and what helps."""


@dataclass(frozen=True)
class Usage:
    """The present use of the store."""

    runs: int
    """Stored runs, those deleted but not removed yet included."""
    queued: int
    """Waiting for a worker; a comparison counts once."""
    bytes: int
    """Events, users' files, models and checkpoints."""


@dataclass(frozen=True)
class Quotas:
    """The most that may be there, each from the environment: ``GDVIZ_MOST_RUNS`` and so on.

    >>> Quotas().refusal(Usage(5, 0, 0), Usage(1, 0, 0))
    >>> Quotas(queued_each=2).refusal(Usage(9, 9, 0), Usage(5, 2, 0))
    'You have 2 trainings in the queue, and one visitor may have 2: wait for one to end, or stop one.'
    >>> Quotas(megabytes=1).refusal(Usage(9, 9, 3 * 2**20), Usage(5, 2, 0))
    'There are 3 MB stored, and all visitors together may have 1 MB: delete runs that are no longer needed.'
    """

    runs: int = 20_000
    runs_each: int = 2_000
    queued: int = 200
    queued_each: int = 50
    megabytes: int = 20_000
    megabytes_each: int = 4_000

    @classmethod
    def from_environment(cls) -> "Quotas":
        """The quotas that the environment names.

        Raises:
            QuotaError: A variable is no whole number above 0.
        """
        return cls(
            runs=whole("GDVIZ_MOST_RUNS", cls.runs),
            runs_each=whole("GDVIZ_MOST_RUNS_EACH", cls.runs_each),
            queued=whole("GDVIZ_MOST_QUEUED", cls.queued),
            queued_each=whole("GDVIZ_MOST_QUEUED_EACH", cls.queued_each),
            megabytes=whole("GDVIZ_MOST_MEGABYTES", cls.megabytes),
            megabytes_each=whole("GDVIZ_MOST_MEGABYTES_EACH", cls.megabytes_each),
        )

    def refusal(self, everybody: Usage, visitor: Usage) -> str | None:
        """Why one more run is refused; None where it is not."""
        used = {
            "runs": ("{} runs stored", "delete some, and remove them for good"),
            "queued": ("{} trainings in the queue", "wait for one to end, or stop one"),
            "megabytes": ("{} MB stored", "delete runs that are no longer needed"),
        }
        for name, (what, help) in used.items():
            for suffix, usage in (("_each", visitor), ("", everybody)):
                there = usage.bytes / 2**20 if name == "megabytes" else getattr(usage, name)
                most = getattr(self, name + suffix)
                if there >= most:
                    unit = " MB" if name == "megabytes" else ""
                    who = "You have" if suffix else "There are"
                    whose = "one visitor" if suffix else "all visitors together"
                    return f"{who} {what.format(f'{there:,.0f}')}, and {whose} may have {most:,}{unit}: {help}."
        return None


def whole(name: str, default: int) -> int:
    """A whole number above 0 from the environment.

    Raises:
        QuotaError: It is none.
    """
    given = os.environ.get(name, str(default))
    if not given.isascii() or not given.isdigit() or int(given[:18]) == 0:
        raise QuotaError(f"{name} must be a whole number above 0; got {given!r}")
    return int(given[:18])
