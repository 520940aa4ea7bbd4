"""What an attacker who knows the method can still learn of the people in a variant."""
