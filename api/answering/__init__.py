"""Answers to people who ask about their own data: all of it (access), or what they gave us, in a
form that others take in (portability).
"""
