"""Rows in chunks that are compressed apart, with an index: read one by one, in any order, or all."""

from ._dataset import OptimizedDataset
from ._optimizer import DatasetOptimizer, optimize_dataset

__all__ = ["DatasetOptimizer", "OptimizedDataset", "optimize_dataset"]
