"""`train`: from pairs of audio and transcript to a model that is ready to serve."""
