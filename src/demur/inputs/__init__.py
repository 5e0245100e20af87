"""What a person wrote, read and checked: tasks, policies, builders, seeds."""
