"""How large a user's formula may be. Apart, because the parser needs SymPy and a page that names a limit does not."""

MOST_CHARACTERS = 200
MOST_PARTS = 80
DEEPEST = 20
DEEPEST_CALLS = 4  # derivatives grow exponentially with functions within functions
LARGEST_EXPONENT = 20
LARGEST_NUMBER = 1e12
NARROWEST = 1e-9
"""A domain that is narrower, beside its ends, has too few numbers in it to be drawn."""
