"""The live figure as a component of Streamlit.

The browser owns the start and the values of the sliders; it tells them once, when the hand rests. Python sends its own
only when they have changed elsewhere: by a control, a link, a reset. As long as they have not, the component's data are
the same to the last letter, and nothing is sent.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import streamlit as st

from gdviz.charts.trails import LossScale
from gdviz.descent import Descent, Trajectory
from gdviz.live import basins_data, chosen_of, figure_data, scripts
from gdviz.ui.charts import is_dark
from gdviz.ui.preload import STATIC

# Streamlit calls this with every run of the page. The figure itself is a file that browsers keep: a script that is
# given here would travel with every run.
_SCRIPT = """
const address = (name) => new URL(`app/static/${name}`, document.baseURI).href;

let loading;
const vega = (name) => (loading ??= import(address(name)).then(() => window.vegaEmbed));

export default function ({ data, parentElement, setStateValue }) {
  const { core, vega: bundle, figure, tells, name } = data;
  const script = address(core);
  vega(bundle);
  let gone = false;
  const host = parentElement.querySelector(".gdviz-live");
  import(script).then(({ mount }) => {
    const tell = (chosen) => tells && setStateValue("chosen", chosen);
    const worker = () => new Worker(script, { type: "module" });
    if (!gone) mount(host, JSON.parse(figure), { tell, worker, name, vega: () => vega(bundle) });
  });
  return () => {
    gone = true;
    import(script).then(({ unmount }) => unmount(host));
  };
}
"""

_component = st.components.v2.component(
    "gdviz_live", html='<div class="gdviz-live"></div>', css=scripts.style(), js=_SCRIPT
)


def show_live(
    runs: Sequence[Trajectory],
    key: str,
    on_chosen: Callable[[dict[str, Any]], None] | None = None,
    loss_scale: LossScale = "log",
) -> None:
    """Show runs as a live figure.

    Args:
        runs: The runs.
        key: The figure's name in the session.
        on_chosen: Called before the page runs again, with what the reader has chosen, as
            :func:`gdviz.live.chosen_of` has it. None: the server is not told.
        loss_scale: ``"log"`` draws the loss above the landscape's lowest one.
    """
    chosen = _sent([run.setup for run in runs], key)
    _mount(figure_data(runs, loss_scale=loss_scale, dark=is_dark(), chosen=chosen), key, on_chosen)


def show_live_basins(setups: Sequence[Descent], key: str, on_chosen: Callable[[dict[str, Any]], None]) -> None:
    """Show the basins of attraction of runs side by side, each with its sliders; see :func:`show_live`."""
    _mount(basins_data(setups, dark=is_dark(), chosen=_sent(setups, key)), key, on_chosen)


def _mount(figure: dict[str, Any], key: str, on_chosen: Callable[[dict[str, Any]], None] | None) -> None:
    files = _files()

    def take() -> None:
        chosen = st.session_state[key]["chosen"]
        if on_chosen is not None and chosen is not None:
            on_chosen(chosen)

    _component(
        key=key,
        # The figure as text: Streamlit turns a component's data into JSON three times, and reads it once.
        data={**files, "figure": json.dumps(figure), "tells": on_chosen is not None, "name": key},
        default={"chosen": None},
        on_chosen_change=take,
    )


def _sent(setups: Sequence[Descent], key: str) -> dict[str, Any]:
    """What the browser is told that was chosen: what it was told before, unless the runs are neither of that nor of
    what it has answered.
    """
    now = chosen_of(setups)
    sent: dict[str, Any] | None = st.session_state.get(f"{key}.sent")
    answered = (st.session_state.get(key) or {}).get("chosen")
    known = answered if answered and sent and answered["version"] == sent["version"] else sent
    if sent is None or known is None or _differs(known, now):
        sent = {**now, "version": (sent["version"] if sent else 0) + 1}
        st.session_state[f"{key}.sent"] = sent
    return sent


def _differs(known: dict[str, Any], now: dict[str, Any]) -> bool:
    return bool(known["start"] != now["start"] or known["values"] != now["values"])


@cache
def _files() -> dict[str, str]:
    """The names of the figure's files under ``app/static``, which are written if they are not there."""
    core = f"gdviz-{scripts.digest(scripts.core())}.js"
    vega = f"vega-{scripts.vega_version()}.js"
    if not (STATIC / core).exists():
        scripts.write(STATIC / core, scripts.core())
    if not (STATIC / vega).exists():
        scripts.write_vega(STATIC / vega)
    return {"core": core, "vega": vega}
