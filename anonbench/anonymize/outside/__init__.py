"""Running a user's own command as a method: what it gets, how it runs, and how its images are read."""
