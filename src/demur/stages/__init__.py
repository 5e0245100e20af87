"""One step a file: propose, dedupe, screen, respond; and a template for each model call."""
