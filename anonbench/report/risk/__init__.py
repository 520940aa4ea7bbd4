"""How much more of people is learned from a variant than its outlines alone give away."""
