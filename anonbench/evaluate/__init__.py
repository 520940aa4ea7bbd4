"""From a trained run to a cell: predictions on a split, then COCO metrics."""
