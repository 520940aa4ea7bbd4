"""A card for every attacked variant: what was done, what attackers reach, whom it missed, what it costs."""
