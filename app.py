"""gdviz: an explorer of gradient descent. Run with ``streamlit run app.py``."""

from gdviz.ui.navigation import LIVE, navigate
from gdviz.ui.preload import freeze_imports, start_jobs_soon
from gdviz.ui.width import measure_page

if __name__ == "__main__":  # a session runs this file as its script
    page = navigate()
    measure_page(live=page.title in LIVE)
    try:
        page.run()
    finally:  # a page may end early
        start_jobs_soon()
        freeze_imports()
elif __name__ == "app":  # the server imports it; a process that trains models does so too, under another name
    import streamlit as st
    from starlette.middleware import Middleware

    from gdviz.ui.server import Guard, lifespan

    app = st.App(__file__, lifespan=lifespan, middleware=[Middleware(Guard)])
