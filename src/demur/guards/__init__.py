"""Is this text a violation of that policy? One file a guard family, each answering with a `Verdict`."""
