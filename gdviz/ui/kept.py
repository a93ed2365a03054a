"""A page's setup, kept in the session from page to page, and in the address bar."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import streamlit as st

from gdviz.catalogue import Setup

S = TypeVar("S", bound=Setup)


class Kept(Generic[S]):
    """The setup of one or several pages, and what they show of it.

    The session begins with what the address bar describes. From then on the address bar follows the session, so that
    it can be copied at any time.
    """

    def __init__(
        self, name: str, kind: type[S], view: Sequence[str] = (), beside: Sequence[str] = (), prefix: str = ""
    ) -> None:
        """Describe what is kept.

        Args:
            name: Its name in the session; pages that share a setup give the same.
            kind: The class of the setup.
            view: Further fields of the page's link: those that say what is looked at, not what is computed.
            beside: Fields of the page's link that neither describe the setup nor what is looked at of it.
            prefix: The prefix of the page's widget keys.
        """
        self.name, self.kind, self.view, self.beside, self.prefix = name, kind, tuple(view), tuple(beside), prefix

    @property
    def setup(self) -> S:
        """The session's setup."""
        if self.name not in st.session_state:
            fields = _address()
            setup, notes = self.kind.from_link(fields)
            st.session_state[f"{self.name}.notes"] = notes
            st.session_state[f"{self.name}.view"] = {name: fields[name] for name in self.view if name in fields}
            st.session_state[self.name] = setup
        kept: S = st.session_state[self.name]
        return kept

    def follow_address(self) -> None:
        """Show what the address bar describes, where somebody has come by it: by a link, or by going back.

        Whoever comes through the navigation has an empty address, and finds what the session keeps.
        """
        fields = _address()
        arrived = st.session_state.pop("arrived", False)
        if not (arrived and fields.keys() - self.beside and self.name in st.session_state):
            return
        setup, notes = self.kind.from_link(fields)
        self.show_again(setup)
        st.session_state[f"{self.name}.notes"] = notes
        st.session_state[f"{self.name}.view"] = {name: fields[name] for name in self.view if name in fields}

    @property
    def elsewhere(self) -> S:
        """The session's setup, for a page of another one: the address bar describes that other."""
        kept: S = st.session_state.get(self.name) or self.kind()
        return kept

    def set(self, setup: S) -> None:
        """Replace the session's setup; widgets that have been drawn keep what they show."""
        st.session_state[self.name] = setup

    @property
    def notes(self) -> list[str]:
        """Notes on the fields that could not be read of the link that the session began with."""
        _ = self.setup
        notes: list[str] = st.session_state.get(f"{self.name}.notes", [])
        return notes

    def looked_at(self, name: str) -> list[str]:
        """The last values of a field that says what is looked at; empty where there are none."""
        _ = self.setup
        values: list[str] = st.session_state[f"{self.name}.view"].get(name, [])
        return values

    def look_at(self, name: str, *values: object) -> None:
        """Remember what is looked at."""
        _ = self.setup
        st.session_state[f"{self.name}.view"][name] = [str(value) for value in values]

    def keep(self, setup: S) -> None:
        """Remember the setup, and write it and what is looked at into the address bar."""
        self.set(setup)
        self.write(setup, {name: self.looked_at(name) for name in self.view})

    def write(self, setup: S, fields: Mapping[str, Sequence[str]]) -> None:
        """Write a setup and further fields into the address bar."""
        further = {name: list(values) for name, values in fields.items() if values}
        link: dict[str, str | list[str]] = {**setup.to_link(), **further}
        if _address() != link:
            st.query_params.from_dict(link)

    def show_again(self, setup: S) -> None:
        """Show ``setup`` in new widgets: a widget with another key is another widget."""
        self.set(setup)
        st.session_state[f"{self.name}.generation"] = self._generation + 1
        st.session_state[f"{self.name}.notes"] = []

    def reset(self) -> None:
        """Go back to the setup that the page opens with."""
        self.show_again(self.kind())

    def key(self, name: str) -> str:
        """A widget's key; :meth:`show_again` changes it."""
        return f"{self.prefix}{self._generation}.{name}"

    @property
    def _generation(self) -> int:
        number: int = st.session_state.get(f"{self.name}.generation", 0)
        return number


def _address() -> dict[str, list[str]]:
    """The fields of the page's address."""
    return {name: st.query_params.get_all(name) for name in st.query_params}
