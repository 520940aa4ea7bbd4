"""The embedded default dataset: street scenes drawn as SVG, with exact masks, keypoints and face boxes."""
