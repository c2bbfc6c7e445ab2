"""Learning in Gymnasium's environments: what every agent there has in common, and the loop that trains them."""
