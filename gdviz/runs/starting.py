"""Jobs that start in the background, so that no page waits for a scheduler that does not answer."""

import os
import threading
import time
from collections.abc import Callable

from gdviz.runs.errors import StoreError
from gdviz.runs.jobs import Jobs, JobsError

_AGAIN_SECONDS = 5.0


class StartingJobs:
    """Tries until it works: a scheduler may come later, a setting cannot, but is cheap to read again.

    Args:
        make: Starts the jobs.
        patience: How many seconds a page waits for the first attempt. An embedded cluster is there in two; whether
            a scheduler answers is known in a fraction of one, or never.
    """

    def __init__(self, make: Callable[[], Jobs], patience: float | None = None) -> None:
        remote = os.environ.get("GDVIZ_SCHEDULER")
        self.patience = patience if patience is not None else 0.3 if remote else 30.0
        self._make = make
        self._jobs: Jobs | None = None
        self._error = f"The scheduler at {remote} has not answered yet." if remote else "The workers are starting."
        self._known, self._given_up = threading.Event(), threading.Event()
        self._since = time.monotonic()
        threading.Thread(target=self._try, daemon=True).start()

    def get(self) -> Jobs:
        """The jobs.

        Raises:
            JobsError: They cannot be started, or not yet; the message says why.
        """
        self._known.wait(max(0.0, self.patience - (time.monotonic() - self._since)))
        if self._jobs is None:
            raise JobsError(self._error)
        return self._jobs

    def give_up(self) -> None:
        """Try no more."""
        self._given_up.set()

    def _try(self) -> None:
        while self._jobs is None and not self._given_up.is_set():
            try:
                self._jobs = self._make()
            except (JobsError, StoreError, ValueError) as error:
                self._error = f"No training can be started. {error}"
                self._known.set()
                self._given_up.wait(_AGAIN_SECONDS)
        self._known.set()
