"""Agents that learn a policy by its gradient, one file an algorithm. `agents.registry` names them."""
