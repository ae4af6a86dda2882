"""The `backorder` command."""

from backorder.app import main

if __name__ == "__main__":
    main()
