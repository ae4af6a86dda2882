"""What shops send of themselves: how it is proven to be theirs, and which commands it stands for."""
