"""Any list of values as typed columns, in bytes that compress well, and back again exactly."""

from ._payload import decode_columns, encode_columns

__all__ = ["decode_columns", "encode_columns"]
