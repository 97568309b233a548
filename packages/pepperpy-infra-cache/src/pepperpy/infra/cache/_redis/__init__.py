"""Results on a Redis or Valkey server; imported only where that is asked for."""

from ._tier import RedisTier

__all__ = ["RedisTier"]
