"""gdviz: an explorer of gradient descent. Run with ``streamlit run app.py``."""

from gdviz.ui.navigation import navigate

navigate().run()
