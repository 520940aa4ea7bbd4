"""Which pixels of every image belong to a face or a body."""
