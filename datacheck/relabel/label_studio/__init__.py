"""The queue on a running Label Studio server: the HTTP client, the project, and the transfer in both directions."""
