"""What `reliability.py` does to runs, files and processes by itself: how often each was tried, and survived."""
