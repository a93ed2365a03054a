"""Pages that stand alone: one file that works from a disk, without a server or a network."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass

from gdviz.charts.figure import Figure
from gdviz.descent import Trajectory
from gdviz.descent.trajectory import summary
from gdviz.live import figure_data
from gdviz.live.page import page


def to_html(
    what: Figure | Trajectory | Sequence[Trajectory],
    title: str,
    *,
    caption: str = "",
    link: str = "",
    dark: bool = False,
) -> str:
    """A page with everything inside.

    Runs become a live figure: drag the start, slide learning rates and hyperparameters, look at basins; the browser
    computes the numbers of :func:`gdviz.descend`. The sliders' values stand in the address. Any other figure is shown
    and, where it has a timeline, plays.

    Args:
        what: Runs under the same conditions, or a figure.
        title: The page's title and heading.
        caption: A paragraph below the figure; by default its content in words.
        link: The address that the page links back to.
        dark: A dark page.
    """
    if isinstance(what, Figure) and not what.runs:
        return _drawn(what, title)
    runs = what.runs if isinstance(what, Figure) else [what] if isinstance(what, Trajectory) else list(what)
    configuration = json.dumps([run.setup.to_dict() for run in runs], indent=1, ensure_ascii=False)
    return page(
        figure_data(runs, dark=dark),
        title=title,
        caption=caption or summary(runs),
        configuration=configuration,
        link=link,
        dark=dark,
    )


@dataclass(frozen=True)
class Embedded:
    """A page inside a notebook: as the last line of a cell, it is shown there."""

    page: str
    height: int
    """In pixels."""

    def _repr_html_(self) -> str:
        page = html.escape(self.page, quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="{self.height}" style="border: 0"></iframe>'


def in_notebook(
    what: Figure | Trajectory | Sequence[Trajectory], title: str = "gdviz", *, height: int = 780, dark: bool = False
) -> Embedded:
    """The page of :func:`to_html` for a notebook: the live figure between the cells.

    Args:
        what: Runs under the same conditions, or a figure.
        title: The heading.
        height: Of the figure, in pixels.
        dark: For a notebook on dark ground.
    """
    return Embedded(to_html(what, title, dark=dark), height)


def _drawn(figure: Figure, title: str) -> str:
    import vl_convert  # a browser engine of 100 MB, which only this needs

    page = vl_convert.vegalite_to_html(figure.to_dict(), bundle=True)
    return page.replace("<head>", f"<head><meta charset='utf-8'><title>{html.escape(title)}</title>", 1)
