"""The thinking: Monte-Carlo tree search over any game with any evaluator.

Read in this order: `evaluator`, `tree`, `puct`, `gumbel`, `descent`, `readout`, `search`. Nothing is imported here, so that the
settings in `config` can be shown without compiling a search.
"""
