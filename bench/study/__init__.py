"""What user studies need of the suite: cases chosen from results, media, metrics beside answers."""
