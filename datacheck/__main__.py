"""``python -m datacheck`` is the command line."""

from datacheck.cli import main

if __name__ == "__main__":
    main()
