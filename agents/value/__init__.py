"""Agents that learn the value of actions with a network, one file an algorithm. `agents.registry` names them."""
