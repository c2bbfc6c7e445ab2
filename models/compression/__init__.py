"""Networks made smaller or faster: by a teacher (`distillation`), fewer channels (`pruning`), 8 bits (`quantisation`).

Torch only. `agents.compression` makes runs that play of them.
"""
