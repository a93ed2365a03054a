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


def page_width() -> int:
    """The width of the page's main column in pixels, rounded down to 20; a usual one until the browser has told."""
    told = _measure(key="page_width", default={"width": 0}, on_width_change=lambda: None)
    return int(told.width or 0) or _USUAL
