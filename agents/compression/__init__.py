"""Trained runs made smaller or faster: what `zerodojo compress` does. `source` is what they are made of, `making` makes them."""
