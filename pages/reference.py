"""The Reference page: every entry of the catalogues, generated from the entries themselves."""

import streamlit as st

from gdviz.export import glossary, reference
from gdviz.ui import reference as ui
from gdviz.ui import style, widgets
from gdviz.ui.navigation import begin_page, link_to
from gdviz.ui.width import page_width

GLOSSARY = "Glossary"

begin_page()
style.apply()
st.header("Reference")
st.markdown("Every rule, schedule and landscape: its formula, its source, and what its tests compare it with.")
width = page_width()
asked = st.query_params.get("entry", "")
entry = reference.find(asked)
if entry is not None:
    # A link within the page reaches the server, but not the browser's address bar.
    st.query_params["entry"] = entry.name
    link_to("Reference", "All entries", {"catalogue": reference.catalogue_of(entry.name)})
    ui.show_entry(entry)
    st.stop()
if asked:
    st.warning("The link names an entry that there is not; here are all that there are.")
titles = [*reference.CATALOGUES, GLOSSARY]
linked = st.query_params.get("catalogue", "")
first = widgets.first_value("reference.catalogue", linked if linked in titles else titles[0])
chosen = st.segmented_control("Catalogue", titles, default=first, required=True, key="reference.catalogue")
st.query_params.from_dict({"catalogue": chosen})  # as above
sought = st.text_input("Search", max_chars=60, key="reference.search")
if chosen == GLOSSARY:
    for term, meaning in glossary.matching(sought).items():
        st.markdown(f"**{term}**  \n{meaning}")
    st.stop()
catalogue = reference.CATALOGUES[chosen]
kinds = reference.kinds(catalogue)
kind = st.pills("Kind", kinds, key=f"reference.kind.{chosen}") if len(kinds) > 1 else None
found = [one for one in catalogue.values() if reference.matches(one, sought) and kind in (None, one.kind())]
st.caption(f"{len(found)} of {len(catalogue)} entries")
ui.show_cards(found, columns=max(1, min(4, width // 240)))
