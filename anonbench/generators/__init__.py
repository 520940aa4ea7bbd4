"""The generators that replace people: their networks, training and quality."""
