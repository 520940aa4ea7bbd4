"""On which images two models differ most, and what each finds there."""
