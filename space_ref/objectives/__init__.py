"""What each stage of SPACE is trained on: a batch of arrays in, weighted losses out. One module a stage."""
