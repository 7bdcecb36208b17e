"""Rules DC4xx: image quality of single samples."""
