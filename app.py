"""gdviz: an explorer of gradient descent. Run with ``streamlit run app.py``."""

from gdviz.ui.navigation import navigate

if __name__ == "__main__":  # a process that trains models imports this file under another name, and needs no page
    navigate().run()
