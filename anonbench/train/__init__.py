"""From a variant of a training split to a trained recognition model."""
