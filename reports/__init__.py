"""What people look at: tables, figures and pages, made from result tables and nothing else.

Imports nothing itself: the command line names studies without waiting for pandas.
"""
