"""What the detections and poses of a cell do wrong, and what AP would be without each kind of error."""
