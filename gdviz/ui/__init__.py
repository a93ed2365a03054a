"""Everything that knows Streamlit: widgets made from catalogue entries, page state, share links, charts on the page."""
