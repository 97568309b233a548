"""What keeps the wheels of this repository apart and in step: discovery and guards.

Standard library only, so that each of them runs wherever Python does:
``python -m tools.boundaries``.
"""
