"""The networks that judge, their weights, the engines that run them fast, and the library of whole networks of papers.

Importing this imports no torch, which is slow to load; `create` and `backbone` do.
"""

from .creation import backbone, create

__all__ = ["backbone", "create"]
