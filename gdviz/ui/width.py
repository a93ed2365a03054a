"""How wide the page is. Streamlit does not tell; a component without content measures it in the browser."""

import streamlit as st

_USUAL = 1000
_STEP = 20

_SCRIPT = """
export default function ({ parentElement, setStateValue }) {
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
""".replace("STEP", str(_STEP))

_measure = st.components.v2.component(
    "gdviz_page_width", html="<div></div>", css="div { height: 0; width: 100%; }", js=_SCRIPT
)


def page_width() -> int | None:
    """The width of the page's main column in pixels, rounded down to 20.

    None in a session's first run in a browser, which will tell within a moment: what is drawn before would be drawn
    twice. A usual width where nothing can tell.
    """
    told = _measure(key="page_width", default={"width": 0}, on_width_change=lambda: None)
    if told.width:
        return int(told.width)
    asked_before = st.session_state.get("width_asked", False)
    st.session_state["width_asked"] = True
    in_a_browser = "Host" in st.context.headers
    return None if in_a_browser and not asked_before else _USUAL
