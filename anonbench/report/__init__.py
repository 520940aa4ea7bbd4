"""The report room: cells in, tables and figures out."""
