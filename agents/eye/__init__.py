"""An eye for Connect Four: SSD finds the board, its stones and its empty holes in a picture, and the position is read from them.

`drawing` makes the pictures that it learns from and knows what they show, `training` teaches, `sight` finds things, `lattice` puts
them in rows and columns, `reading` says what stands where. The front door calls `reading` for `play --from-image`.
"""
