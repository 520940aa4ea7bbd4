"""What anonymized people may have looked like: pictures restored from what a variant shows."""
