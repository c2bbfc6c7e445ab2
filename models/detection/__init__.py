"""Objects in images: the networks that find them, and each part of their training in a file of its own.

Boxes are fractions of the image's sides, so that they outlive a change of its size: as corners (left, top, right, bottom), or as
centres (x, y, width, height). Label 0 is the background.
"""
