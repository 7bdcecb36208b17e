"""Rules DC8xx: boxes and masks, file by file, against the image and against each other."""
