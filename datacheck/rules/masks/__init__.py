"""Rules DC82x: masks, against the image and against each other."""
