"""gdviz: an explorer of gradient descent. Run with ``streamlit run app.py``."""

from gdviz.ui.navigation import navigate
from gdviz.ui.preload import freeze_imports, start_jobs_soon
from gdviz.ui.width import measure_page

if __name__ == "__main__":  # a process that trains models imports this file under another name, and needs no page
    page = navigate()
    measure_page()
    try:
        page.run()
    finally:  # a page may end early
        start_jobs_soon()
        freeze_imports()
