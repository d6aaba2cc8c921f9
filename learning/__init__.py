"""What launches and experiments taught: from numbers to verdicts, each with its interval and its rule."""
