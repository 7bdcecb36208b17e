"""The user's loader, model and loss, looked at before the first step: what arrives, and what the model makes of it."""
