"""Recognition models: weights to start from, training, prediction."""
