"""Where faces and people are in a photograph, without annotations."""
