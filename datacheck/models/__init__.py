"""Linear models, small heads and folds, on arrays alone."""
