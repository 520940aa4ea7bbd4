"""The layer between this project and OpenMMLab's packages."""
