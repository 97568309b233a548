"""The public names, used as a program would.  Checked by the type checkers, never run."""
