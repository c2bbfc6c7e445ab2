"""World models (Ha and Schmidhuber 2018): what an environment looks like, how it goes on, and how agents learn within that."""
