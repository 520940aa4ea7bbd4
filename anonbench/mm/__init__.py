"""OpenMMLab as this project uses it: operators, lean imports, packaged weights and datasets."""
