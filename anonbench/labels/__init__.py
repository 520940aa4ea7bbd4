"""Labels re-made by a model where a variant shows people who are not those that were annotated."""
