"""`command`: any program as a model. `template` is its command line, `process` runs it, `exchange` is what they hand over."""
