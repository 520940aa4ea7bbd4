"""From a model's predictions to a cell: tasks say what is compared, metrics by which rule."""
