"""How wide the page is. Streamlit does not tell; a component without content measures it in the browser."""

import streamlit as st

from gdviz.ui.preload import import_soon, live_files

_USUAL = 1000
_STEP = 20
_SOON = 2000
"""Milliseconds within which a page's path follows its fields."""

_SCRIPT = """
// A page has one entry in the browser's history, however often its address follows its controls; the Reference has one
// for each of its own entries.
if (!history.gdviz) {
  const push = history.pushState;
  const address = (url) => new URL(url ?? location.href, location.href);
  const entry = (url) => url.searchParams.get("entry");
  let replaced = null;
  history.gdviz = true;
  history.pushState = function (state, title, url) {
    const to = address(url);
    const entries = to.pathname.endsWith("/reference") && entry(to) !== entry(address());
    if (to.pathname === location.pathname && !(entries && (entry(to) || to.searchParams.has("catalogue")))) {
      replaced = { before: location.href, at: performance.now() };
      history.replaceState(state, title, url);
      return;
    }
    // On a busy machine the next page's fields can come before its path: they were written to the page before it.
    if (replaced && performance.now() - replaced.at < SOON && to.search && to.search === location.search)
      history.replaceState(history.state, "", replaced.before);
    replaced = null;
    push.call(history, state, title, url);
  };
  addEventListener("popstate", () => { replaced = null; });
}

export default function ({ data, parentElement, setStateValue }) {
  data.soon.forEach((name) => import(new URL(`app/static/${name}`, document.baseURI).href));
  const measured = parentElement.host ?? parentElement;
  let told = 0;
  const tell = () => {
    const width = Math.floor(measured.getBoundingClientRect().width / STEP) * STEP;
    if (width > 0 && width !== told) { told = width; setStateValue("width", width); }
  };
  let waiting;
  const observer = new ResizeObserver(() => { clearTimeout(waiting); waiting = setTimeout(tell, told ? 150 : 0); });
  observer.observe(measured);
  return () => { clearTimeout(waiting); observer.disconnect(); };
}
""".replace("STEP", str(_STEP)).replace("SOON", str(_SOON))

_measure = st.components.v2.component(
    "gdviz_page_width", html="<div></div>", css="div { height: 0; width: 100%; }", js=_SCRIPT
)


def measure_page(live: bool) -> None:
    """Have the browser measure the page's main column, on every page alike.

    A session's first run in a browser ends here: what is drawn before the width is known would be drawn twice.
    Meanwhile the browser fetches what draws the page's first picture, and the server imports what makes it.

    Args:
        live: Whether that is a live figure, which draws by itself; else an empty chart has Streamlit's charts fetched.
    """
    first = "page_width" not in st.session_state and "Host" in st.context.headers
    # The same in every run: a component that is given other data starts anew in the browser.
    soon = st.session_state.setdefault("page_width.soon", live_files() if live and first else [])
    told = _measure(key="page_width.measured", data={"soon": soon}, default={"width": 0}, on_width_change=lambda: None)
    st.session_state["page_width"] = int(told.width) or _USUAL
    if first and not told.width:
        import_soon("gdviz.charts", "gdviz.export", *(["gdviz.live"] if live else []))
        if not soon:
            st.vega_lite_chart({"mark": "point", "width": 1, "height": 1}, width="content")
        st.stop()


def page_width() -> int:
    """The width of the page's main column in pixels, rounded down to 20; a usual one where nothing can tell."""
    width: int = st.session_state.get("page_width", _USUAL)
    return width
