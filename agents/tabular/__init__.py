"""Agents that keep a number for every state and action, one file an algorithm. `agents.registry` names them."""
