"""What can go wrong while the puppet data are made."""


class PuppetError(Exception):
    """Says what is wrong, with what, and what to do about it."""
