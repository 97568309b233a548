"""Which names and texts are secrets, and how they are masked.

The module functions follow the built-in rules.  A `Redactor` adds names and patterns of your own:

>>> redact({"user": "ann", "api_key": "k-1", "dsn": "postgres://ann:pw@db/app"})
{'user': 'ann', 'api_key': '***', 'dsn': 'postgres://ann:***@db/app'}
"""

from ._redactor import MASK, Redactor, is_secret_name, redact, redact_text

__all__ = ["MASK", "Redactor", "is_secret_name", "redact", "redact_text"]
