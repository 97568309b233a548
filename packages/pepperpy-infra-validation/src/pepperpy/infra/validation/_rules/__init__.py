"""The rules that are there: plain functions, and functions that make rules out of bounds."""
