"""What the answers of a study say: who was left out, who is preferred, how sure we are, and which metrics agree."""
