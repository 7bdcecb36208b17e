"""Rules DC5xx: labels, judged by the probe."""
