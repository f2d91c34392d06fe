"""Training: the store that prepared clips are turned into, the batches drawn from it, and the loop that eats them."""
