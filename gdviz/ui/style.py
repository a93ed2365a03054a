"""The little styling that Streamlit's theme does not offer."""

import streamlit as st

_CSS = """
<style>
/* Less empty space above the title. */
[data-testid="stMainBlockContainer"] { padding-top: 2.5rem; padding-bottom: 3rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 0.75rem; padding-right: 0.75rem; }
}
/* The timeline's controls, made by Vega: one row that wraps, with the scrubber last and long. */
.vega-bindings { display: flex !important; flex-flow: row wrap !important; gap: 0.4rem 1.25rem; align-items: center; padding-top: 0.25rem; }
.vega-bindings .vega-bind, .vega-bindings .vega-bind label { display: flex; align-items: center; gap: 0.5rem; }
.vega-bindings .vega-bind { margin: 0 !important; font-size: 0.9rem; flex: 0 0 auto; width: auto; }
.vega-bindings .vega-bind-name { min-width: 0 !important; width: auto !important; }
.vega-bindings .vega-bind:has(input[type="range"]) { flex: 1 1 100%; }
.vega-bindings .vega-bind:has(input[type="range"]) label { width: 100%; }
.vega-bindings input[type="range"] { flex: 1; min-width: 8rem; accent-color: var(--st-primary-color, #0072b2); }
/* The filled part of the track follows the mouse only, not the playing step: without it nothing wrong is shown. */
.vega-bindings input[type="range"] { --vega-range-progress: 0% !important; }
.vega-bindings input[type="checkbox"] { width: 1.2rem; height: 1.2rem; }
.vega-bindings select { color: inherit; background: transparent; border: 1px solid #8888; border-radius: 0.4rem;
  padding: 0.15rem 0.3rem; }
.vega-bindings select option { color: black; }
.vega-bindings .vega-bind-radio { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.vega-bindings .vega-bind-radio label { border: 1px solid #8888; border-radius: 0.4rem; padding: 0.15rem 0.6rem;
  cursor: pointer; margin: 0; }
.vega-bindings .vega-bind-radio label:hover { border-color: currentColor; }
.vega-bindings .vega-bind-radio label:focus-within { outline: 2px solid currentColor; }
.vega-bindings .vega-bind-radio input { position: absolute; opacity: 0; pointer-events: none; }
/* Wide tables scroll inside themselves. */
[data-testid="stMarkdownContainer"]:has(> table) { overflow-x: auto; }
</style>
"""


def apply() -> None:
    """Style the page."""
    st.html(_CSS)
