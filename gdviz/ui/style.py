"""The little styling that Streamlit's theme does not offer."""

import streamlit as st

_CSS = """
<style>
/* Less empty space above the title, and at the sides of a phone's screen. */
[data-testid="stMainBlockContainer"] { padding-top: 2.5rem; padding-bottom: 3rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 0.75rem; padding-right: 0.75rem; }
}
/* Captions are quiet, and still dark enough to be read (contrast 4.5 and more on either ground). */
[data-testid="stCaptionContainer"] { color: inherit !important; opacity: 0.8; }
[data-testid="stCaptionContainer"] * { color: inherit; }
/* The timeline's controls, made by Vega: one row that wraps, the scrubber long and below. */
form.vega-bindings { flex-flow: row wrap !important; gap: 0.4rem 1.5rem !important; align-items: center !important; }
form.vega-bindings .vega-bind { width: auto !important; }
form.vega-bindings .vega-bind-name { min-width: 0 !important; }
form.vega-bindings .vega-bind:has(input[type="range"]), form.vega-bindings label:has(input[type="range"]) {
  flex: 1 1 100%; flex-wrap: nowrap !important; }
form.vega-bindings input[type="range"] { flex: 1 1 8rem; height: 1.5rem !important;
  /* Its filled part follows the mouse only, not the playing step: none is better than a wrong one. */
  --vega-range-progress: 0% !important; }
/* "Step by" is a group of radio buttons, because Vega has no others; they look like what they do. */
form.vega-bindings .vega-bind-radio { gap: 0.4rem !important; }
form.vega-bindings .vega-bind-radio label { border: 1px solid #8888; border-radius: 0.5rem; padding: 0.15rem 0.6rem; }
form.vega-bindings .vega-bind-radio label:hover { border-color: currentColor; }
form.vega-bindings .vega-bind-radio label:focus-within { outline: 2px solid currentColor; }
form.vega-bindings .vega-bind-radio input { position: absolute; opacity: 0; pointer-events: none; }
form.vega-bindings .vega-bind-radio label:has(input[value="0"]) { display: none; }
/* Wide tables and formulas scroll inside themselves. */
[data-testid="stMarkdownContainer"]:has(> table), .katex-display { overflow-x: auto; overflow-y: hidden; }
@media (max-width: 640px) { .katex-display { font-size: 0.8em; text-align: left; } }
/* The accent is light on dark ground: what is written on it is dark. The app's root has the scheme that is chosen, so
   that this follows the switch at once. */
[data-testid="stBaseButton-primary"]:enabled p, [data-testid="stMultiSelect"] [data-baseweb="tag"] *,
[data-testid="stMultiSelect"] span[title], [data-testid="stMultiSelect"] span[title] ~ * {
  color: light-dark(#FFFFFF, #08131F) !important; }
/* A term that the glossary explains: where the mouse is, the keyboard or a finger. */
.gdviz-term { position: relative; text-decoration: underline dotted; text-underline-offset: 0.2em; cursor: help; }
.gdviz-term::after { content: attr(data-meaning); display: none; position: absolute; z-index: 1000; left: 0;
  top: 1.6em; width: max-content; max-width: min(20rem, 70vw); padding: 0.4rem 0.6rem; border-radius: 0.5rem;
  font-size: 0.875rem; font-weight: 400; line-height: 1.4; white-space: normal; text-decoration: none;
  color: light-dark(#FFFFFF, #0E1117); background: light-dark(#31333F, #FAFAFA); }
@media (max-width: 640px) {
  .gdviz-term::after { position: fixed; inset: auto 1rem 1rem 1rem; width: auto; max-width: none; }
}
.gdviz-term:hover::after, .gdviz-term:focus::after { display: block; }
</style>
"""


def apply() -> None:
    """Style the page."""
    st.html(_CSS)
