"""LivePortrait (Guo et al., arXiv 2407.03168): the expression and head pose of a video, put into a portrait."""
