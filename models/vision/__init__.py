"""Networks that see: classifiers, segmenters and autoencoders of images, by name in `models.library`."""
