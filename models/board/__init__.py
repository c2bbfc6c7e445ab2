"""Board backbones: planes [N, C, H, W] to a map of the same height and width. One file a family; `registry` names them."""
