"""Sequence networks: recurrent cells, attention, encoder-decoders, language models and Transformers. Batch first everywhere."""
