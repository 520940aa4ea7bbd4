"""What annotation files list: images, categories, and the faces that an evaluation counts."""
