"""Text in, text out: one protocol, one file a provider, and wrappers that are engines too."""
