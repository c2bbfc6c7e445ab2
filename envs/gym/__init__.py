"""Gymnasium's environments as agents see them: many side by side, one kind of array in, one kind of step out."""
