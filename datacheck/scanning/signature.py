"""The size of an image's signature; without Arrow, for the workers of the scan."""

SIGNATURE_SIDE = 12
"""Frequencies along each side of an image that its signature holds: 143 numbers tell copies from similar images,
where the 63 bits of a hash do not."""

SIGNATURE_LENGTH = SIGNATURE_SIDE**2 - 1
"""Bytes of a signature: every coefficient but the constant one."""
