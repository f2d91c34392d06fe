"""User studies: pairs of clips before people, their answers, and what these say."""
