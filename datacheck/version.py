"""What is installed: the name of the distribution, and its version."""

__version__ = "0.1.0"

DISTRIBUTION = "datacheck-audit"
"""What pip installs. The import name and the command are ``datacheck``, which is another project on the registry."""
