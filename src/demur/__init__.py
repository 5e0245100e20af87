"""demur: from a risk policy and a few seeds to a dataset that teaches a model when and how to decline."""
