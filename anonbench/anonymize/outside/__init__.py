"""Running a user's own command as a method: what it is given, how it runs, and what of its output is trusted."""
