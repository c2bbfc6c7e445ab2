"""Engines run a network fast on one host. `registry` names them, `prepare` makes and checks one, `engine` is the contract."""
