"""A U-Net whose decoder is modulated by a person's code."""
