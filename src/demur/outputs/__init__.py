"""What a run leaves behind: dataset files, drops, the run record."""
