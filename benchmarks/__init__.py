"""Timings side by side with peers, run by hand; never part of the tests."""
